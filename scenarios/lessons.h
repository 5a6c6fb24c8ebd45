#ifndef GRPOLAB_SCENARIOS_LESSONS_H
#define GRPOLAB_SCENARIOS_LESSONS_H

#include <stddef.h>

/* The guided lessons, texts built into the program; app/script/lesson.h tells their form. */
struct lesson_text {
    const char *name, *text;
    size_t bytes;
};
int lesson_n(void);
const struct lesson_text *lesson_at(int i);
const struct lesson_text *lesson_find(const char *name);   /* NULL if there is none */
/* lesson_title: of its first line, up to the newline. */
const char *lesson_title(const struct lesson_text *l);

#endif
