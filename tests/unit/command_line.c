/* command_line.c: the tables of the command line, their parser, and the texts that are made from them. */
#include "arguments.h"
#include "config.h"
#include "help.h"
#include "strbuf.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_verb_has_an_option_once(void **state) {
    (void)state;
    for (int v = 0; v < CAM_VERB_COUNT; v++)
        for (int i = 0; i < CAM_OPTION_COUNT; i++)
            for (int j = 0; j < i; j++)
                if (cam_option_is_of(&cam_option_rows[i], (cam_verb)v) &&
                    cam_option_is_of(&cam_option_rows[j], (cam_verb)v))
                    assert_string_not_equal(cam_option_rows[i].option, cam_option_rows[j].option);
}

static void rows_are_complete(void **state) {
    (void)state;
    for (int i = 0; i < CAM_OPTION_COUNT; i++) {
        const cam_option_row *row = &cam_option_rows[i];
        assert_true(strncmp(row->option, "--", 2) == 0 && row->verbs != 0 && row->help[0]);
        assert_true(row->kind == CAM_OPTION_IS_SWITCH ? !row->value : row->kind == CAM_OPTION_IS_CHOICE || row->value);
        assert_int_equal(row->kind == CAM_OPTION_IS_CHOICE, row->choice_count > 0);
    }
    for (int v = 0; v < CAM_VERB_COUNT; v++)
        assert_true(cam_verb_rows[v].word[0] && cam_verb_rows[v].help[0] && cam_verb_rows[v].more[0]);
}

/* A key that is also an option has the same words. */
static void options_have_the_words_of_their_keys(void **state) {
    static const struct {
        int option;
        cam_config_key key;
    } pairs[] = {{CAM_OPTION_device, CAM_KEY_device},
                 {CAM_OPTION_encoding, CAM_KEY_encoding},
                 {CAM_OPTION_delimiter, CAM_KEY_delimiter},
                 {CAM_OPTION_input_format, CAM_KEY_format}};
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const cam_option_row *option = &cam_option_rows[pairs[i].option];
        const cam_config_row *key = &cam_config_rows[pairs[i].key];
        assert_int_equal(option->choice_count, key->choice_count);
        for (size_t w = 0; w < key->choice_count; w++)
            assert_string_equal(option->choices[w], key->choices[w]);
    }
}

static void no_line_of_help_is_longer_than_a_terminal(void **state) {
    (void)state;
    for (int v = 0; v <= CAM_VERB_COUNT; v++) {
        cam_strbuf help = CAM_STRBUF_INIT;
        cam_help_put((cam_verb)v, &help);
        for (const char *line = cam_strbuf_text(&help); *line;) {
            size_t length = strcspn(line, "\n");
            if (length > 80 || (length > 0 && line[length - 1] == ' '))
                fail_msg("\"%.*s\"", (int)length, line);
            line += length + 1;
        }
        cam_strbuf_release(&help);
    }
}

static void help_lists_every_exit_code(void **state) {
    cam_strbuf help = CAM_STRBUF_INIT;
    (void)state;
    cam_help_put(CAM_VERB_COUNT, &help);
#define IS_LISTED(name, number, text) assert_non_null(strstr(cam_strbuf_text(&help), "\n  " #number " "));
    CAM_EXIT_CODES(IS_LISTED)
    assert_non_null(strstr(cam_strbuf_text(&help), "--device auto|cpu|cuda"));
    cam_strbuf_release(&help);
}

static void words_are_parsed(void **state) {
    cam_arguments arguments;
    (void)state;
    char *words[] = {"cam-train", "predict", "--format",          "jsonl",     "--device=cuda",
                     "--json",    "--model", "--encoding=utf-16", "--config=", "KEY=VALUE"};
    assert_int_equal(cam_arguments_parse(&arguments, 5, words), CAM_OK);
    assert_int_equal(arguments.verb, CAM_VERB_PREDICT);
    assert_int_equal(arguments.predict_format.value, CAM_PREDICT_JSONL);
    assert_string_equal(arguments.device.word, "cuda");
    assert_int_equal(arguments.device.value, CAM_CONFIG_DEVICE_CUDA);
    assert_null(arguments.encoding.word);
    assert_int_equal(arguments.encoding.value, CAM_ENCODING_AUTO);
    cam_arguments_release(&arguments);
    assert_int_equal(cam_arguments_parse(&arguments, 6, words), CAM_E_USAGE); /* predict has no --json */
    cam_arguments_release(&arguments);

    char *train[] = {"cam-train", "--config", "a", "k=1", "--config=b", "~k", "--progress", "lines"};
    assert_int_equal(cam_arguments_parse(&arguments, 8, train), CAM_OK);
    assert_int_equal(arguments.verb, CAM_VERB_TRAIN);
    assert_int_equal(arguments.configs.count, 2);
    assert_string_equal(arguments.configs.items[1], "b");
    assert_int_equal(arguments.overrides.count, 2);
    assert_string_equal(arguments.overrides.items[1], "~k");
    assert_int_equal(arguments.progress.value, CAM_PROGRESS_LINES);
    cam_arguments_release(&arguments);
    assert_int_equal(cam_arguments_parse(&arguments, 7, train), CAM_E_USAGE); /* no value */
    cam_arguments_release(&arguments);
    train[7] = "Barr";
    assert_int_equal(cam_arguments_parse(&arguments, 8, train), CAM_E_USAGE);
    assert_string_equal(cam_status_message(), "option \"--progress\" takes \"auto\", \"bar\", \"lines\" or \"none\", "
                                              "not \"Barr\"; did you mean \"bar\"?");
    cam_arguments_release(&arguments);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verb_has_an_option_once),
        cmocka_unit_test(rows_are_complete),
        cmocka_unit_test(options_have_the_words_of_their_keys),
        cmocka_unit_test(no_line_of_help_is_longer_than_a_terminal),
        cmocka_unit_test(help_lists_every_exit_code),
        cmocka_unit_test(words_are_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
