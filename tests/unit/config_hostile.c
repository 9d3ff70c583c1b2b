/* config_hostile.c: hostile and damaged files: dangerous features of YAML, bytes that are not text, sizes, and noise.
 */
#include "config_files.h"
#include <time.h>

/* Expansion bombs need aliases, which are refused, as is all other syntax that hides the type of a value. */
static void test_traps(void **state) {
    (void)state;
    expect_problems("training: &t\n  seed: 1\neval: *t\n",
                    "base.yaml:1: anchors are not allowed; write the value where it is needed\n"
                    "base.yaml:3: aliases are not allowed; write the value itself, or put a text that begins with "
                    "\"*\" in quotes\n");
    expect_problems("training:\n  seed: !!int 3\n",
                    "base.yaml:2: tags are not allowed; each key has its own type, and quotes keep a text that begins "
                    "with \"!\"\n");
    expect_problems("training:\n  seed: 1\n  max_steps: 5\n  seed: 2\ntraining:\n  seed: 3\n",
                    "base.yaml:4: duplicate key \"seed\"; it is also on line 2\n"
                    "base.yaml:5: duplicate key \"training\"; it is also on line 1\n");
    expect_problems("training:\n  class_weights: {a: 1, 'a': 2}\n",
                    "base.yaml:2: duplicate key \"a\"; it is also on line 2\n"
                    "base.yaml:2: class_weights: \"a\" occurs twice\n");
    expect_problems("training: {seed: 1}\n---\ntraining: {seed: 2}\n",
                    "base.yaml:2: a second document begins here; a file holds one\n");
    expect_problems("training:\n\tseed: 1\n  \tlr: 2\n", "base.yaml:2: a tab in the indentation; use spaces\n"
                                                         "base.yaml:3: a tab in the indentation; use spaces\n");
    expect_problems("data:\n  # donn\xE9"
                    "es\n  train_file: \"libell\xE9.csv\"\n",
                    "base.yaml:2: byte 0xE9 is not UTF-8 (2 lines have such bytes); save it as UTF-8, for example with "
                    "iconv -f windows-1252 -t utf-8 base.yaml > base-utf8.yaml\n");
    expect_problems("a:\n b:\n  c:\n   d:\n    e:\n     f:\n      g:\n       h:\n        i: 1\n",
                    "base.yaml:9: nested more than 8 levels deep\n"
                    "base.yaml:1: unknown section \"a\"\n");
    expect_problems("training: {seed: 1}\nx: \x1B[2J\n", "base.yaml:2: control character 0x1B\n");
    expect_problems("data: {text_column: \"a\\0b\"}\n", "base.yaml:1: a text must not hold a NUL character\n");
    expect_problems("? [a, b]\n: 1\n", "base.yaml:1: a key must be a plain text\n");
}

/* A syntax error does not hide the problems before it. */
static void test_syntax(void **state) {
    (void)state;
    expect_problems(
        "training:\n  sede: 1\n  seed: 1\ndata:\n  delimiter: ,\n",
        "base.yaml:5: not YAML: did not find expected node content (column 14); put a value that begins like this in "
        "quotes\n"
        "base.yaml:2: unknown key \"sede\" in training; did you mean \"seed\"?\n");
    expect_problems(
        "data:\n  train_file: a: b\n",
        "base.yaml:2: not YAML: mapping values are not allowed in this context (column 16); put a value that "
        "holds \": \" in quotes\n");
    expect_problems("data:\n  train_file: \"abc\n",
                    "base.yaml:3: not YAML: found unexpected end of stream (column 1)\n");
}

static void test_harmless(void **state) {
    static const char *const texts[] = {
        "# nothing\n",
        "---\n",
        "null\n",
        "training:\n",
        "training: {}\n...\n",
        "\xEF\xBB\xBFtraining:\n  seed: 42\n",
        "training:\r\n  seed: 42\r\n",
        "training:\r  seed: 42\r",
        "%YAML 1.1\n---\ntraining:\n  seed: 42 # the default\t\n",
        "\"training\":\n  'seed': \"42\"\n",
        "training:\n  ? seed\n  : 42\n",
    };
    cam_config expected;
    (void)state;
    cam_config_defaults(&expected);
    char *defaults = show_plain(&expected);
    for (size_t i = 0; i < COUNT(texts); i++) {
        cam_config config;
        load_good(&config, texts[i]);
        char *text = show_plain(&config);
        assert_string_equal(text, defaults);
        free(text);
        cam_config_release(&config);
    }
    free(defaults);
    cam_config_release(&expected);
}

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* A file of `head`, then `unit` repeated up to `total` bytes; where `tail` is given, unit, a counter and tail are
 * repeated. It must be refused with `expected` among the problems, in a processor time that only a quadratic algorithm
 * would exceed. */
static void expect_refused(const char *head, const char *unit, const char *tail, size_t total, const char *expected) {
    cam_config config;
    cam_problems problems;
    cam_strbuf text = CAM_STRBUF_INIT;
    double begin = seconds();
    cam_strbuf_puts(&text, head);
    for (int i = 0; text.length + 32 <= total; i++) {
        cam_strbuf_puts(&text, unit);
        if (tail) {
            cam_strbuf_printf(&text, "%d", i);
            cam_strbuf_puts(&text, tail); /* as it is: printf escapes line ends */
        }
    }
    assert_int_equal(load_bytes(&config, &problems, text.text, text.length, NULL, 0), CAM_E_USAGE);
    if (!strstr(cam_strbuf_text(&problems.shown), expected))
        fail_msg("%s not in:\n%s", expected, cam_strbuf_text(&problems.shown));
    assert_true(seconds() - begin < 8);
    cam_config_release(&config);
    cam_problems_release(&problems);
    cam_strbuf_release(&text);
}

static void test_sizes(void **state) {
    enum { MIB = 1 << 20 };
    (void)state;
    expect_refused("training:\n", "# full of comments\n", NULL, MIB + 100, "is larger than 1048576 bytes");
    expect_refused("", "[", NULL, MIB, "base.yaml:1: nested more than 8 levels deep");
    expect_refused("", "{", NULL, MIB, "base.yaml:1: ");
    expect_refused("", "- ", NULL, MIB, "base.yaml:1: nested more than 8 levels deep");
    expect_refused("", "? ", NULL, MIB, "base.yaml:1: ");
    expect_refused("", "a: ", NULL, MIB, "base.yaml:1: not YAML");
    expect_refused("", "\"", NULL, MIB, "base.yaml:1: not YAML");
    expect_refused("", "--- a\n", NULL, MIB, "base.yaml:2: a second document");
    expect_refused("training:\n", "  k", ": 1\n", MIB, "base.yaml:2: unknown key \"k0\" in training");
    expect_refused("training:\n  class_weights:\n", "    k", ": -1\n", MIB,
                   "base.yaml:3: each weight of class_weights");
    expect_refused("", "%TAG !t", "! x\n", MIB, "base.yaml: more than 16 lines begin with %TAG");
    expect_refused("a: &a [x]\n", "b", ": [*a, *a, *a, *a, *a]\n", MIB, "base.yaml:2: aliases are not allowed");
}

/* The error of a file that is too large names the line at the limit. */
static void test_too_large_has_a_line(void **state) {
    enum { LINES = 300000 };
    static char text[LINES * 4];
    cam_config config;
    cam_problems problems;
    long line = 0;
    (void)state;
    for (size_t i = 0; i < sizeof text; i += 4)
        memcpy(text + i, "# x\n", 4);
    assert_int_equal(load_bytes(&config, &problems, text, sizeof text, NULL, 0), CAM_E_USAGE);
    assert_int_equal(sscanf(cam_strbuf_text(&problems.shown), "base.yaml:%ld: \"base.yaml\" is larger", &line), 1);
    assert_in_range(line, 200000, 262145);
    cam_config_release(&config);
    cam_problems_release(&problems);
}

static uint64_t random_state;

static size_t random_below(size_t n) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(random_state >> 33) % n;
}

static void mutate(cam_strbuf *text) {
    static const char *const pieces[] = {"\t",         "&a ",     "*a",     "!!x ", "\n---\n",      "[",
                                         "]",          "{",       "}",      ": ",   "\"",           "'",
                                         "#",          "\xE9",    "- ",     "? ",   "null",         "~",
                                         "1e999",      "|\n",     ">\n",    ",",    "\r",           "\xEF\xBB\xBF",
                                         "%TAG ! x\n", "\\u0085", "first:", "  ",   "\xE2\x80\xA8", "...\n"};
    for (size_t n = 1 + random_below(4); n-- > 0 && text->length > 0;) {
        size_t at = random_below(text->length);
        size_t kind = random_below(4);
        if (kind == 0) {
            text->text[at] = (char)random_below(256);
        } else if (kind == 1) { /* removes a piece */
            size_t gone = 1 + random_below(20);
            gone = gone < text->length - at ? gone : text->length - at;
            memmove(text->text + at, text->text + at + gone, text->length - at - gone + 1);
            text->length -= gone;
        } else { /* inserts a piece */
            const char *piece = pieces[random_below(COUNT(pieces))];
            char *tail = strdup(text->text + at);
            assert_non_null(tail);
            size_t tail_length = text->length - at;
            text->length = at;
            cam_strbuf_puts(text, piece);
            cam_strbuf_append(text, tail, strlen(tail) < tail_length ? strlen(tail) : tail_length);
            free(tail);
        }
    }
}

/* Thousands of damaged configurations: each is refused with a message, or is accepted and then written and read again
 * without a change. The sanitizers find the rest. */
static void test_noise(void **state) {
    cam_config defaults;
    const char *seed = getenv("CAM_TEST_SEED");
    cam_strbuf whole = CAM_STRBUF_INIT, text = CAM_STRBUF_INIT;
    size_t accepted = 0, refused = 0;
    (void)state;
    random_state = seed ? strtoull(seed, NULL, 10) : 20240611;
    print_message("CAM_TEST_SEED=%llu\n", (unsigned long long)random_state);
    static const char rich[] = "data: {labels: [a, 'b c', \"\\u00e9\"], columns: [text, label]}\n"
                               "training:\n  class_weights: {a: 2, 'b c': 1e-3}\n  learning_rate: 3e-5\n"
                               "model:\n  freeze: first:3\n";
    cam_config_defaults(&defaults);
    cam_config_init(&defaults, "", NULL, 0, 1, &whole);
    cam_config_release(&defaults);
    for (int i = 0; i < 4000; i++) {
        cam_config config;
        cam_problems problems;
        cam_strbuf_clear(&text);
        cam_strbuf_puts(&text, i % 4 == 0 ? whole.text : rich);
        mutate(&text);
        cam_status status = load_bytes(&config, &problems, text.text, text.length, NULL, 0);
        assert_int_equal(status, problems.errors ? CAM_E_USAGE : CAM_OK);
        if (status == CAM_OK) {
            cam_config again;
            char *first = show_plain(&config);
            load_good(&again, first);
            char *second = show_plain(&again);
            assert_string_equal(first, second);
            free(first);
            free(second);
            cam_config_release(&again);
            accepted++;
        } else {
            assert_true(problems.shown.length > 10);
            refused++;
        }
        cam_config_release(&config);
        cam_problems_release(&problems);
    }
    /* Both outcomes occurred. */
    assert_true(accepted > 100 && refused > 1000);
    cam_strbuf_release(&whole);
    cam_strbuf_release(&text);
}

/* The same for the command line, whose texts are YAML only where they begin like YAML. */
static void test_noise_in_overrides(void **state) {
    static const char *const starts[] = {"training.class_weights={a: 2, 'b c': 1e-3}", "labels=[a, \"b c\", 01]",
                                         "train_file='d.csv'", "~learning_rate", "training.learning_rate=2e-5"};
    cam_strbuf text = CAM_STRBUF_INIT;
    size_t accepted = 0, refused = 0;
    (void)state;
    for (int i = 0; i < 4000; i++) {
        cam_config config;
        cam_problems problems = CAM_PROBLEMS_INIT;
        cam_strbuf_clear(&text);
        cam_strbuf_puts(&text, starts[(size_t)i % COUNT(starts)]);
        mutate(&text);
        const char *override = text.text;
        if (cam_config_load(&config, NULL, 0, &override, 1, &problems) == CAM_OK) {
            cam_config again;
            char *first = show_plain(&config);
            load_good(&again, first);
            free(first);
            cam_config_release(&again);
            accepted++;
        } else {
            assert_ptr_equal(strstr(problems.shown.text, "command line: "), problems.shown.text);
            refused++;
        }
        cam_config_release(&config);
        cam_problems_release(&problems);
    }
    assert_true(accepted > 50 && refused > 1000);
    cam_strbuf_release(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_traps),
        cmocka_unit_test(test_syntax),
        cmocka_unit_test(test_harmless),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_too_large_has_a_line),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_noise_in_overrides),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
