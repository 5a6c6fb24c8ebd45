/* The tasks that this program knows. */
#include "scenarios/registry.h"

#include <string.h>

#include "scenarios/bilingual.h"
#include "scenarios/chat.h"
#include "scenarios/countdown.h"
#include "scenarios/data.h"
#include "scenarios/gridworld.h"
#include "scenarios/mixture.h"
#include "scenarios/multiply.h"
#include "scenarios/program.h"
#include "scenarios/quadratic.h"
#include "scenarios/tiny.h"

static const struct scenario *const row[] = {
    &scenario_countdown,
    &scenario_data,
    &scenario_multiply,
    &scenario_program,
    &scenario_quadratic,
    &scenario_tiny,
    &scenario_bilingual,
    &scenario_gridworld,
    &scenario_chat,
    &scenario_mixture,
};

int scenario_n(void)
{
    return (int)(sizeof row / sizeof *row);
}

const struct scenario *scenario_at(int i)
{
    return row[i];
}

const struct scenario *scenario_find(const char *name)
{
    for (int i = 0; i < scenario_n(); i++)
        if (strcmp(row[i]->name, name) == 0)
            return row[i];
    return NULL;
}
