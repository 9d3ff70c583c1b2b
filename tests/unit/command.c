/* command.c: the user's command with other settings, and the names of folders beside one another. */
#include "command.h"
#include "folder_names.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void expect(const char *settings, const char *line) {
    static const char *const configs[] = {"a b.yaml", "c.yaml"};
    static const char *const overrides[] = {"training.learning_rate=1e-3", "label_map={x: l'été}", "~freeze",
                                            "overwrite_output_dir=true", "train_file=freeze=1"};
    cam_command command = {.configs = configs, .config_count = 2, .overrides = overrides, .override_count = 5};
    cam_strbuf out = CAM_STRBUF_INIT;
    cam_command_put(&command, settings, &out);
    assert_string_equal(out.text, line);
    cam_strbuf_release(&out);
}

#define CONFIGS "cam-train --config 'a b.yaml' --config c.yaml"
#define MAP     " 'label_map={x: l'\\''été}'"

static void settings_take_the_place_of_the_users_own(void **unused) {
    (void)unused;
    expect("", CONFIGS " training.learning_rate=1e-3" MAP " '~freeze' overwrite_output_dir=true train_file=freeze=1");
    expect(" freeze=none learning_rate=2e-5",
           CONFIGS MAP " overwrite_output_dir=true train_file=freeze=1 freeze=none learning_rate=2e-5");
    expect(" output_dir='a learning_rate=1'",
           CONFIGS " training.learning_rate=1e-3" MAP " '~freeze' train_file=freeze=1 output_dir='a learning_rate=1'");
}

static void expect_beside(const char *folder, const char *kind, const char *name) {
    char *beside = cam_folder_beside(folder, kind);
    assert_string_equal(beside, name);
    free(beside);
}

static void folders_beside_one_another(void **unused) {
    (void)unused;
    char folder[] = "/tmp/cam-command-XXXXXX";
    char *here = getcwd(NULL, 0);
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    expect_beside("run", NULL, "run-2");
    expect_beside("run/", "full", "run-full");
    expect_beside("run-frozen", "full", "run-full");
    expect_beside("run-frozen-2", "full", "run-full");
    expect_beside("export-24", NULL, "export-24-2"); /* the number is the user's */
    expect_beside("-full", NULL, "-full-2");
    static const char *const made[] = {"run", "run-2", "run-frozen", "run-frozen-2"};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(mkdir(made[i], 0700), 0);
    expect_beside("run-2", NULL, "run-3");
    expect_beside("run-frozen-2", "frozen", "run-frozen-3");
    expect_beside("run-2", "full", "run-full");
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(rmdir(made[i]), 0);
    assert_int_equal(chdir(here), 0);
    assert_int_equal(rmdir(folder), 0);
    free(here);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_take_the_place_of_the_users_own),
        cmocka_unit_test(folders_beside_one_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
