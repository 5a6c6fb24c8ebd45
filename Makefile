# grpolab: `make run` sets everything up and opens the workbench; `make test` passes the tests.
#
# Also: deps (installs the libraries, no more), asan, tsan, fuzz (FUZZ_SECONDS), lint, check-deps, bench, golden
# (renews golden vectors and screens), install (PREFIX, DESTDIR), clean. V=1 shows the commands.
ifeq ($(origin CC),default)
CC      := gcc
endif
PREFIX  ?= /usr/local
BUILD   ?= build
PYTHON  ?= /usr/bin/python3
PACKAGES := ncursesw readline sqlite3 libpng openblas jansson inih
MAKEFLAGS += --no-print-directory

WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-missing-field-initializers
OPT     ?= -O3
CFLAGS  ?= -g
LANGUAGE := -std=c11 -D_GNU_SOURCE -ffp-contract=off -pthread
BASE    := $(LANGUAGE) -I. -MMD -MP $(WARN)

# Asked for when the first recipe needs it, and once: `make run` starts before pkg-config is installed.
pkg = $(or $(shell pkg-config $(1) $(PACKAGES) 2>/dev/null),$(error the libraries are not all here: make deps))
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(filter-out -D_XOPEN_SOURCE=% -D_DEFAULT_SOURCE,$$(call pkg,--cflags)))$(PKG_CFLAGS)
PKG_LIBS   = $(eval PKG_LIBS := $$(call pkg,--libs) -lm)$(PKG_LIBS)
ALL_CFLAGS = $(BASE) $(OPT) $(CFLAGS) $(PKG_CFLAGS) $(SANITIZE)

SHOW  = $(if $(or $(V),$(findstring s,$(firstword -$(MAKEFLAGS)))),@:,@echo)
Q     = $(if $(V),,@)
# As many jobs as there are processors, where the user did not say.
JOBS  = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))

ENGINE_SRC := $(sort $(wildcard engine/*/*.c))
LIB_SRC := $(ENGINE_SRC) $(sort $(wildcard views/*.c scenarios/*.c))
APP_SRC := $(sort $(wildcard app/*.c app/*/*.c))
APP_LIB_SRC := $(filter-out app/main.c,$(APP_SRC))
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/%.o)
APP_OBJ := $(APP_SRC:%.c=$(BUILD)/%.o)
APP_LIB_OBJ := $(APP_LIB_SRC:%.c=$(BUILD)/%.o)

all: grpolab

grpolab: $(BUILD)/grpolab
	@cp $< $@

$(BUILD)/grpolab: $(APP_OBJ) $(LIB_OBJ)
	$(SHOW) "ld $@"
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(PKG_LIBS)

$(BUILD)/%.o: %.c $(BUILD)/compile.flags
	@mkdir -p $(@D)
	$(SHOW) "cc $<"
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<

$(BUILD)/scenarios/presets.o: $(wildcard scenarios/presets/*.ini)
$(BUILD)/scenarios/data_read.o: $(wildcard scenarios/examples/*.jsonl)
$(BUILD)/scenarios/recipes.o: $(wildcard scenarios/recipes/*.ini)
$(BUILD)/scenarios/lessons.o: $(wildcard scenarios/lessons/*.lesson)

# What a run records of the program that made it. ENGINE_ID changes when a source of the engine does: the
# results of another engine are not reused.
ENGINE_ID_SRC := $(sort $(wildcard $(foreach d,engine/base engine/nn engine/rl engine/run scenarios,$d/*.c $d/*.h)))
VERSION   = $(shell git describe --always --dirty 2>/dev/null || echo unknown)
ENGINE_ID = $(shell cat $(ENGINE_ID_SRC) | sha1sum | cut -c 1-12)
RECORDED  = $(strip $(CC) $(LANGUAGE) $(OPT) $(CFLAGS) $(SANITIZE))
ENVIRONMENT = -DGRPOLAB_VERSION="\"$(VERSION)\"" -DGRPOLAB_ENGINE_ID="\"$(ENGINE_ID)\"" -DGRPOLAB_FLAGS="\"$(RECORDED)\""

$(BUILD)/app/base/environment.o: app/base/environment.c $(BUILD)/compile.flags $(BUILD)/environment.flags
	@mkdir -p $(@D)
	$(SHOW) "cc $<"
	$(Q)$(CC) $(ALL_CFLAGS) @$(BUILD)/environment.flags -c -o $@ $<

# A file of flags is new only when its text is: what was compiled with other flags is compiled again, the rest not.
write_new = @mkdir -p $(@D); printf '%s\n' '$(subst ','\'',$(1))' > $@.$$$$; \
	if cmp -s $@.$$$$ $@; then rm $@.$$$$; else mv $@.$$$$ $@; fi

$(BUILD)/compile.flags: FORCE
	$(call write_new,$(CC) $(ALL_CFLAGS))

$(BUILD)/environment.flags: FORCE
	$(call write_new,$(ENVIRONMENT))

# Tests. They link what they use out of an archive of all but main.
UNIT_OBJ   := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/unit/*.c)))
TTY_OBJ    := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/tty/*.c)))
PLAIN_OBJ  := $(patsubst %.c,$(BUILD)/%.o,$(sort $(wildcard tests/crash/*.c tests/race/*.c tests/bench/*.c tests/fuzz/*.c)))
# The engine in double precision, whose gradients are compared with finite differences.
DOUBLE_SRC := $(sort $(wildcard $(foreach d,engine/base engine/nn engine/rl engine/run scenarios,$d/*.c)))
DOUBLE_OBJ := $(DOUBLE_SRC:%.c=$(BUILD)/double/%.o)
DOUBLE_TEST_OBJ := $(patsubst %.c,$(BUILD)/double/%.o,$(sort $(wildcard tests/double/*.c)))
TEST_OBJ   := $(UNIT_OBJ) $(TTY_OBJ) $(PLAIN_OBJ) $(DOUBLE_OBJ) $(DOUBLE_TEST_OBJ)

CRITERION_TESTS := $(if $(UNIT_OBJ),$(BUILD)/test-unit) $(if $(DOUBLE_TEST_OBJ),$(BUILD)/test-double) \
                   $(if $(TTY_OBJ),$(BUILD)/test-tty)
CRASH_TESTS := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/crash/*.c)))
RACE_TESTS  := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/race/*.c)))
BENCHES     := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/bench/*.c)))
FUZZES      := $(patsubst %.c,$(BUILD)/%,$(sort $(wildcard tests/fuzz/*.c)))
FUZZ_SECONDS ?= 60
# Scripts named lib*.sh are read by the others.
SCRIPT_TESTS := $(sort $(wildcard tests/tty/run.sh tests/cli/run.sh))

$(BUILD)/double/%.o: %.c $(BUILD)/compile.flags
	@mkdir -p $(@D)
	$(SHOW) "cc $< in double"
	$(Q)$(CC) $(ALL_CFLAGS) -DGRPOLAB_DOUBLE -c -o $@ $<

$(BUILD)/libgrpolab.a: $(LIB_OBJ) $(APP_LIB_OBJ)
$(BUILD)/libdouble.a: $(DOUBLE_OBJ)
%.a:
	@rm -f $@
	@$(AR) rcs $@ $^

$(BUILD)/test-unit: $(UNIT_OBJ) $(BUILD)/libgrpolab.a
$(BUILD)/test-tty: $(TTY_OBJ) $(BUILD)/libgrpolab.a
$(BUILD)/test-double: $(DOUBLE_TEST_OBJ) $(BUILD)/libdouble.a
$(BUILD)/test-unit $(BUILD)/test-tty $(BUILD)/test-double:
	$(SHOW) "ld $@"
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ -lcriterion $(PKG_LIBS)

$(CRASH_TESTS) $(RACE_TESTS) $(BENCHES) $(FUZZES): %: %.o $(BUILD)/libgrpolab.a
	$(SHOW) "ld $@"
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(PKG_LIBS)

deps:
	@tests/bootstrap.sh build

run:
	@tests/bootstrap.sh build
	@$(MAKE) $(JOBS) grpolab
	@exec ./grpolab

test-programs: grpolab $(CRITERION_TESTS) $(CRASH_TESTS)

test:
	@tests/bootstrap.sh build test || { echo "0 passed, 1 failed"; exit 1; }
	@$(MAKE) $(JOBS) test-programs || { echo "0 passed, 1 failed"; exit 1; }
	@tests/run_tests.sh plain tests/check_deps.sh tests/check_deps_test.sh criterion $(CRITERION_TESTS) \
	    plain $(CRASH_TESTS) $(SCRIPT_TESTS)

# All unit tests but the one that learns, which takes minutes and does nothing that the others do not.
asan:
	@tests/bootstrap.sh build test
	@$(MAKE) $(JOBS) BUILD=build/asan OPT=-O1 build/asan/test-unit \
	    SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer'
	@FILTER='!(learning)/*' tests/run_tests.sh criterion build/asan/test-unit

race-programs: $(RACE_TESTS)

tsan:
	@tests/bootstrap.sh build
	@$(MAKE) $(JOBS) BUILD=build/tsan OPT=-O1 SANITIZE=-fsanitize=thread race-programs
	@tests/run_race.sh $(RACE_TESTS:$(BUILD)/%=build/tsan/%)

fuzz-programs: $(FUZZES)

# Hostile input to everything that reads text, each reader for FUZZ_SECONDS. All are run, whatever one finds.
fuzz:
	@tests/bootstrap.sh build
	@$(MAKE) $(JOBS) BUILD=build/fuzz OPT=-O1 fuzz-programs \
	    SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer'
	@bad=0; for program in $(FUZZES:$(BUILD)/%=build/fuzz/%); do $$program $(FUZZ_SECONDS) || bad=1; done; exit $$bad

objects: $(LIB_OBJ) $(APP_OBJ) $(TEST_OBJ)

lint:
	@tests/bootstrap.sh build test lint
	@$(MAKE) $(JOBS) BUILD=build/lint CFLAGS='-g -Werror' objects
	@CFLAGS='$(LANGUAGE) -I. $(PKG_CFLAGS)' tests/lint.sh

check-deps: $(LIB_OBJ)
	@tests/check_deps.sh
	@tests/check_deps_test.sh

bench: grpolab $(BENCHES)
	@./grpolab bench

golden:
	@tests/bootstrap.sh build test golden
	@cd tests/golden && for script in make_*.py; do $(PYTHON) "$$script" || exit 1; done && $(PYTHON) hf_logits.py --golden
	@$(MAKE) $(JOBS) $(BUILD)/test-unit
	@GRPOLAB_RENEW=1 FILTER='@(golden*)/*' tests/run_tests.sh criterion $(BUILD)/test-unit

install: grpolab
	install -D -m 755 grpolab $(DESTDIR)$(PREFIX)/bin/grpolab
	@if ./grpolab --man > $(BUILD)/grpolab.1 2>/dev/null </dev/null; then \
	    install -D -m 644 $(BUILD)/grpolab.1 $(DESTDIR)$(PREFIX)/share/man/man1/grpolab.1; fi

clean:
	rm -rf build grpolab

-include $(patsubst %.o,%.d,$(LIB_OBJ) $(APP_OBJ) $(TEST_OBJ))

.PHONY: all deps run test test-programs asan race-programs tsan fuzz-programs fuzz objects lint check-deps bench golden install clean FORCE
