#ifndef GRPOLAB_APP_REQUEST_H
#define GRPOLAB_APP_REQUEST_H

struct desk;

/* What a key asks for. */
enum request {
    REQUEST_NONE,
    REQUEST_PAUSE,
    REQUEST_STEP,
    REQUEST_QUANTUM,
    REQUEST_PACE,
    REQUEST_FORK,
    REQUEST_REWIND,
    REQUEST_COMMAND,
    REQUEST_HELP,
    REQUEST_CLOSE,
    REQUEST_BACK_OUT,
    REQUEST_QUIT,
    REQUEST_INTERRUPT,
    REQUEST_SCREEN, /* argument: the digit */
    REQUEST_NEXT_PANE,
    REQUEST_PREVIOUS_PANE,
    REQUEST_ZOOM,
    REQUEST_UP,
    REQUEST_DOWN,
    REQUEST_LEFT,
    REQUEST_RIGHT,
    REQUEST_PAGE_UP,
    REQUEST_PAGE_DOWN,
    REQUEST_HOME,
    REQUEST_END,
    REQUEST_PREVIOUS_GROUP,
    REQUEST_NEXT_GROUP,
    REQUEST_ENTER,
    REQUEST_FOLLOW_BEST,
    REQUEST_FOLLOW_AHA,
    REQUEST_EARLIER,
    REQUEST_LATER,
    REQUEST_LIVE,
    REQUEST_LOG_SCALE,
    REQUEST_CURSOR,
    REQUEST_SMOOTHING,
    REQUEST_OVERLAY,    /* argument: 1 the next, -1 the one before */
    REQUEST_LAYER,
    REQUEST_TEST_AHA,
    REQUEST_RESAMPLE,
    REQUEST_VALUES,
    REQUEST_COMPLETION, /* argument: 1 the next, -1 the one before */
    REQUEST_REDRAW,
    REQUEST_SUSPEND,
    REQUEST_RUN_NAME, /* of the chosen run, on the screen of runs */
    REQUEST_RUN_NOTE,
    REQUEST_RUN_DELETE,
    REQUEST_RUN_MARK,
    REQUEST_RUN_COMPARE,
    REQUEST_COMPARE_LARGE,
    REQUEST_COMPARE_OTHER,
    REQUEST_COMPARE_NEXT,
    REQUEST_FORM_FIND,
    REQUEST_FORM_RESET,
    REQUEST_FORM_START,
    REQUEST_ROUTING,
    REQUEST_EXPLAIN,
    REQUEST_MOMENT,
    REQUEST_PAIR,
    REQUEST_SORT,
    REQUEST_FILTER,
    REQUEST_FIND,
    REQUEST_FIND_NEXT,
    REQUEST_FIND_PREVIOUS,
    REQUEST_WHAT_IF,
    REQUEST_RAISE,
    REQUEST_LOWER,
    REQUEST_TYPE,
    REQUEST_RESET,
    REQUEST_RECIPE,     /* the screen of it */
    REQUEST_TEXTS,      /* of the run or stage that is chosen */
    REQUEST_VERDICT,    /* argument: enum example_verdict */
    REQUEST_EDIT,
    REQUEST_ALL_TO_ALL,
    REQUEST_ATTENTION,
    REQUEST_HEAD,       /* argument: 1 the next, -1 the one before */
    REQUEST_HEAD_LAYER, /* the same */
    REQUEST_LESSON_NEXT,
    REQUEST_LESSON_BACK,
    REQUEST_N
};

/* request_do: carries it out on the desk; what goes wrong is said in the status line. argument: of the key's
 * row. */
void request_do(struct desk *d, enum request r, int argument);

/* request_click: the left button at a cell. request_wheel: lines, up when negative, over a cell. */
void request_click(struct desk *d, int row, int col);
void request_wheel(struct desk *d, int row, int col, int lines);

/* request_answer: what `y` to the question in the status line does. */
enum question { QUESTION_NONE, QUESTION_QUIT, QUESTION_DELETE, QUESTION_TIDY };
void request_answer(struct desk *d, int yes);

#endif
