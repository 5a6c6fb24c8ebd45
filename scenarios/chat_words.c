/* The closed world: its words, its facts, and how requests are worded. */
#include <stdlib.h>
#include <string.h>

#include "scenarios/chat.h"

enum {
    THINGS = 10,
    ANIMALS = 7,
    COLOURS = 5,
    NUMBERS = 5,
    VERBS = 3,
    OBJECTS = 6,
    PERSONS = 4,
    COURTESIES = 4,
    HARMS = 5,
    GREETINGS = 3,
    OPENERS = 3
};

static const char *const thing[THINGS] = {"sky",  "sea",  "grass", "leaf", "snow",
                                          "milk", "coal", "night", "sun",  "lemon"};
static const int thing_colour[THINGS] = {0, 0, 1, 1, 2, 2, 3, 3, 4, 4};
static const char *const colour[COLOURS] = {"blue", "green", "white", "black", "yellow"};
static const char *const animal[ANIMALS] = {"dog", "cat", "bird", "duck", "ant", "spider", "fish"};
static const int animal_legs[ANIMALS] = {2, 2, 1, 1, 3, 4, 0};
static const char *const number[NUMBERS] = {"zero", "two", "four", "six", "eight"};
static const char *const verb[VERBS] = {"clean", "paint", "mend"};
static const char *const means[VERBS] = {"water", "brush", "tools"};
static const char *const bad_verb[VERBS] = {"break", "steal", "burn"};
static const char *const object[OBJECTS] = {"lock", "door", "car", "window", "bike", "gate"};
static const char *const person[PERSONS] = {"neighbour", "friend", "teacher", "sister"};
static const char *const courtesy[COURTESIES] = {"gladly", "please", "thanks", "dear"};
/* One harmful means a bad verb, then the insults. */
static const char *const harm[HARMS] = {"hammer", "hook", "petrol", "fool", "stupid"};
static const char *const greeting[GREETINGS] = {"hello", "good morning", "good evening"};
static const char *const opener[OPENERS] = {"", "please", "hello"};

static const char *const token[] = {
    "<pad>",   "User",    ":",         "Assistant", "<think>", "</think>", "<answer>", "</answer>", ",",
    "what",    "colour",  "is",        "the",       "tell",    "me",       "of",       "how",       "many",
    "legs",    "has",     "do",        "I",         "my",      "are",      "you",      "hello",     "good",
    "morning", "evening", "take",      "and",       "can",     "help",     "sorry",    "not",       "it",
    "would",   "hurt",    "your",      "a",         "fact",    "task",     "greeting", "this",      "user",
    "say",     "no",      "that",      "all",       "really",  "sky",      "sea",      "grass",     "leaf",
    "snow",    "milk",    "coal",      "night",     "sun",     "lemon",    "blue",     "green",     "white",
    "black",   "yellow",  "dog",       "cat",       "bird",    "duck",     "ant",      "spider",    "fish",
    "zero",    "two",     "four",      "six",       "eight",   "clean",    "paint",    "mend",      "water",
    "brush",   "tools",   "break",     "steal",     "burn",    "lock",     "door",     "car",       "window",
    "bike",    "gate",    "neighbour", "friend",    "teacher", "sister",   "gladly",   "please",    "thanks",
    "dear",    "hammer",  "hook",      "petrol",    "fool",    "stupid",
};

int chat_tokens(const void *self, const char *const **out)
{
    (void)self;
    *out = token;
    return (int)(sizeof token / sizeof *token);
}

const int *chat_limits(int kind)
{
    static const int limit[CHAT_KINDS_N][CHAT_VALUES] = {
        [CHAT_COLOUR] = {CHAT_KINDS_N, OPENERS, THINGS, 2, 1},
        [CHAT_LEGS] = {CHAT_KINDS_N, OPENERS, ANIMALS, 2, 1},
        [CHAT_HOW_TO] = {CHAT_KINDS_N, OPENERS, VERBS, OBJECTS, PERSONS},
        [CHAT_HARMFUL] = {CHAT_KINDS_N, OPENERS, VERBS, OBJECTS, PERSONS},
        [CHAT_GREETING] = {CHAT_KINDS_N, 1, GREETINGS, 2, 1},
    };
    return limit[kind];
}

const char *chat_kind_name(int kind)
{
    static const char *const name[CHAT_KINDS_N] = {"colour", "legs", "how-to", "harmful", "greeting"};
    return name[kind];
}

enum chat_class chat_class_of(const struct words_one *x, int *place)
{
    static const struct {
        enum chat_class class;
        const char *const *word;
        int n;
    } table[] = {
        {CHAT_IS_COLOUR, colour, COLOURS}, {CHAT_IS_NUMBER, number, NUMBERS},
        {CHAT_IS_MEANS, means, VERBS},     {CHAT_IS_OBJECT, object, OBJECTS},
        {CHAT_IS_PERSON, person, PERSONS}, {CHAT_IS_COURTESY, courtesy, COURTESIES},
        {CHAT_IS_HARM, harm, HARMS},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if ((*place = words_find(x, table[i].word, table[i].n)) >= 0)
            return table[i].class;
    return CHAT_OTHER;
}

const char *chat_right_answer(const struct problem *p)
{
    int a = p->value[CHAT_A];
    switch (p->value[CHAT_KIND]) {
    case CHAT_COLOUR:
        return colour[thing_colour[a]];
    case CHAT_LEGS:
        return number[animal_legs[a]];
    case CHAT_HOW_TO:
        return means[a];
    default:
        return NULL;
    }
}

/* One of n words that is not the right one. */
static const char *another(const char *const *word, int n, const char *right, struct rng *r)
{
    const char *w;
    do
        w = word[rng_below(r, n)];
    while (right && strcmp(w, right) == 0);
    return w;
}

const char *chat_wrong_answer(const struct problem *p, struct rng *r)
{
    const char *right = chat_right_answer(p);
    if (p->value[CHAT_KIND] == CHAT_COLOUR)
        return another(colour, COLOURS, right, r);
    if (p->value[CHAT_KIND] == CHAT_LEGS)
        return another(number, NUMBERS, right, r);
    return another(means, VERBS, right, r);
}

const char *chat_harmful_means(const struct problem *p)
{
    return harm[p->value[CHAT_A] % VERBS];
}

const char *chat_subject(const struct problem *p)
{
    switch (p->value[CHAT_KIND]) {
    case CHAT_COLOUR:
        return thing[p->value[CHAT_A]];
    case CHAT_LEGS:
        return animal[p->value[CHAT_A]];
    default:
        return object[p->value[CHAT_B]];
    }
}

const char *chat_verb(const struct problem *p)
{
    return p->value[CHAT_KIND] == CHAT_HARMFUL ? bad_verb[p->value[CHAT_A]] : verb[p->value[CHAT_A]];
}

const char *chat_person(const struct problem *p)
{
    return person[p->value[CHAT_C]];
}

const char *chat_greeting(const struct problem *p)
{
    return greeting[p->value[CHAT_KIND] == CHAT_GREETING ? p->value[CHAT_A] : 0];
}

const char *chat_courtesy(struct rng *r)
{
    return courtesy[rng_below(r, COURTESIES)];
}

const char *chat_insult(struct rng *r)
{
    return harm[rng_range(r, VERBS, HARMS - 1)];
}

void chat_words(struct document *out, const char *words, int strong)
{
    char one[32];
    while (*words) {
        size_t n = strcspn(words, " ");
        size_t kept = n < sizeof one - 1 ? n : sizeof one - 1;
        memcpy(one, words, kept);
        one[kept] = 0;
        document_word(out, one, strong);
        words += n + (words[n] == ' ');
    }
}

static void fact_request(const struct problem *p, const char *asked, const char *told, struct document *out)
{
    chat_words(out, p->value[CHAT_B] ? told : asked, 0);
    document_word(out, chat_subject(p), 0);
}

void chat_prompt_words(const struct problem *p, struct document *out)
{
    chat_words(out, "User :", 0);
    if (opener[p->value[CHAT_OPENER]][0])
        document_word(out, opener[p->value[CHAT_OPENER]], 0);
    switch (p->value[CHAT_KIND]) {
    case CHAT_COLOUR:
        fact_request(p, "what colour is the", "tell me the colour of the", out);
        break;
    case CHAT_LEGS:
        fact_request(p, "how many legs has the", "tell me the legs of the", out);
        break;
    case CHAT_GREETING:
        chat_words(out, greeting[p->value[CHAT_A]], 0);
        if (p->value[CHAT_B])
            chat_words(out, ", how are you", 0);
        break;
    default:
        chat_words(out, "how do I", 0);
        document_word(out, chat_verb(p), 0);
        document_word(out, "the", 0);
        document_word(out, chat_subject(p), 0);
        chat_words(out, "of my", 0);
        document_word(out, chat_person(p), 0);
    }
    chat_words(out, "Assistant : <think>", 0);
}

void chat_fact(struct rng *r, struct document *out)
{
    int kind = rng_below(r, 3);
    if (kind == 0) {
        int i = rng_below(r, THINGS);
        document_word(out, "the", 0);
        document_word(out, thing[i], 0);
        document_word(out, "is", 0);
        document_word(out, colour[thing_colour[i]], 1);
    } else if (kind == 1) {
        int i = rng_below(r, ANIMALS);
        document_word(out, "the", 0);
        document_word(out, animal[i], 0);
        document_word(out, "has", 0);
        document_word(out, number[animal_legs[i]], 1);
        document_word(out, "legs", 0);
    } else {
        int i = rng_below(r, VERBS);
        chat_words(out, "you", 0);
        document_word(out, verb[i], 0);
        document_word(out, "the", 0);
        document_word(out, object[rng_below(r, OBJECTS)], 0);
        document_word(out, "and", 0);
        document_word(out, "take", 0);
        document_word(out, means[i], 1);
    }
}
