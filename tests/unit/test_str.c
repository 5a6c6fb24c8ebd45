/* Growing text: always terminated, whatever is appended. */
#include <criterion/criterion.h>
#include <string.h>

#include "engine/base/str.h"

Test(str, empty_is_valid)
{
    struct str t = {0};
    cr_assert_str_eq(str_c(&t), "");
    str_clear(&t);
    str_add(&t, "");
    cr_assert_str_eq(str_c(&t), "");
    str_free(&t);
    str_free(&t);
}

Test(str, appends)
{
    struct str t = {0};
    str_add(&t, "no");
    str_add_n(&t, " wait!", 5);
    str_printf(&t, " %d-%s", 42, "x");
    cr_assert_str_eq(str_c(&t), "no wait 42-x");
    cr_assert_eq(t.n, strlen("no wait 42-x"));
    str_clear(&t);
    cr_assert_str_eq(str_c(&t), "");
    str_word(&t, "one");
    str_word(&t, "two");
    cr_assert_str_eq(str_c(&t), "one two");
    str_free(&t);
}

/* Growth keeps what was there, at every length and for prints larger than what is left. */
Test(str, grows)
{
    struct str t = {0};
    char big[3000];
    memset(big, 'b', sizeof big - 1);
    big[sizeof big - 1] = 0;
    for (int i = 0; i < 2000; i++) {
        str_printf(&t, "%c", 'a' + i % 26);
        cr_assert_eq(t.n, (size_t)i + 1);
        cr_assert_eq(t.s[t.n], 0);
        cr_assert(t.cap > t.n);
    }
    str_printf(&t, "%s", big);
    cr_assert_eq(t.n, 2000 + 2999);
    for (int i = 0; i < 2000; i++)
        cr_assert_eq(t.s[i], 'a' + i % 26);
    cr_assert_str_eq(t.s + 2000, big);
    cr_assert_eq(t.failed, 0);
    str_free(&t);
}

Test(str, bytes_may_be_anything)
{
    struct str t = {0};
    str_add_n(&t, "a\0b\xff", 4);
    cr_assert_eq(t.n, 4);
    cr_assert_arr_eq(t.s, "a\0b\xff", 5);
    str_free(&t);
}
