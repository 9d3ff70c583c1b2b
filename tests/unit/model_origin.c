/* model_origin.c: id and licence of a model folder, as its files name them. */
#include "model_origin.h"
#include "files.h"
#include "strbuf.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char sizes[] = "\"model_type\":\"camembert\",\"vocab_size\":100,\"hidden_size\":8,\"num_hidden_layers\":1,"
                            "\"num_attention_heads\":1,\"intermediate_size\":8,\"max_position_embeddings\":16,"
                            "\"type_vocab_size\":1,\"layer_norm_eps\":1e-5";

/* The origin of `folder` with a README.md (NULL: none) and further fields of config.json. */
static void expect(const char *folder, const char *readme, const char *fields, const char *id, const char *license) {
    cam_model_config config;
    cam_model_origin origin;
    cam_strbuf text = CAM_STRBUF_INIT;
    char *path = cam_path_join(folder, "README.md");
    cam_strbuf_printf(&text, "{%s%s}", sizes, fields);
    if (cam_model_config_parse(text.text, text.length, "config.json", &config) != CAM_OK)
        fail_msg("%s", cam_status_message());
    if (readme)
        assert_int_equal(cam_file_write(path, readme, strlen(readme)), CAM_OK);
    cam_model_origin_find(&origin, folder, &config);
    if (readme)
        unlink(path);
    assert_int_equal(origin.id != NULL, id != NULL);
    assert_int_equal(origin.license != NULL, license != NULL);
    if (id)
        assert_string_equal(origin.id, id);
    if (license)
        assert_string_equal(origin.license, license);
    cam_model_origin_release(&origin);
    cam_model_config_release(&config);
    cam_strbuf_release(&text);
    free(path);
}

static void the_license_stands_in_the_metadata_of_the_card(void **unused) {
    (void)unused;
    char folder[] = "/tmp/cam-origin-XXXXXX";
    assert_non_null(mkdtemp(folder));
    expect(folder, NULL, "", NULL, NULL);
    expect(folder, "---\nlanguage: fr\nlicense: mit\ntags:\n- x\n---\n# M\n", "", NULL, "mit");
    expect(folder, "---\r\nlicense: \"apache-2.0\"\r\n---\r\n", "", NULL, "apache-2.0");
    expect(folder, "---\nlicense:\n- cc-by-4.0\n- mit\n---\n", "", NULL, "cc-by-4.0");
    expect(folder, "---\nlicense:\nlanguage: fr\n---\n", "", NULL, NULL);
    expect(folder, "---\nlicense: [mit, gpl]\n---\n", "", NULL, NULL);
    expect(folder, "---\nlanguage: fr\n---\nlicense: mit\n", "", NULL, NULL); /* below the metadata */
    expect(folder, "# M\nlicense: mit\n", "", NULL, NULL);
    expect(folder, "---\nlicense: mit", "", NULL, "mit");
    expect(folder, "---", "", NULL, NULL);
    expect(folder, "", "", NULL, NULL);
    expect(folder, NULL, ",\"license\":\"mit\"", NULL, "mit");
    expect(folder, "---\nlicense: mit\n---\n", ",\"license\":\"gpl\"", NULL, "mit");
    rmdir(folder);
}

static void the_id_is_that_of_the_cache_or_of_the_configuration(void **unused) {
    (void)unused;
    expect("/h/hub/models--almanach--camembert-base/snapshots/0123", NULL, "", "almanach/camembert-base", NULL);
    expect("/h/hub/models--camembert-base/snapshots/0123", NULL, ",\"_name_or_path\":\"x/y\"", "camembert-base", NULL);
    expect("/models/mine", NULL, ",\"_name_or_path\":\"almanach/camembert-base\"", "almanach/camembert-base", NULL);
    expect("/models/mine", NULL, ",\"_name_or_path\":\"camembert-base\"", "camembert-base", NULL);
    expect("/models/mine", NULL, ",\"_name_or_path\":\"/home/me/camembert\"", NULL, NULL);
    expect("/models/mine", NULL, ",\"_name_or_path\":\"./camembert\"", NULL, NULL);
    expect("/models/mine", NULL, ",\"_name_or_path\":\"a/b/c\"", NULL, NULL);
    expect("/models/mine", NULL, ",\"_name_or_path\":\"a/\"", NULL, NULL);
    expect("/models/mine", NULL, ",\"_name_or_path\":\"\"", NULL, NULL);
    expect("/models/mine", NULL, ",\"_name_or_path\":7", NULL, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_license_stands_in_the_metadata_of_the_card),
        cmocka_unit_test(the_id_is_that_of_the_cache_or_of_the_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
