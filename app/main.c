/* The program. */
#include <locale.h>
#include <signal.h>

#include "app/cli/cli.h"

int main(int argc, char **argv)
{
    /* Numbers are written with a point everywhere; only the characters are the user's. */
    setlocale(LC_CTYPE, "");
    /* A reader that goes away is an error of the write, seen at the end, not a death in the middle of a step. */
    signal(SIGPIPE, SIG_IGN);
    return cli_main(argc, argv);
}
