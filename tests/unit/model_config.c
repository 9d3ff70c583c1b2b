/* model_config.c: a config.json of transformers is read and written back byte for byte; every wrong field is named. */
#include "safetensors_case.h"

#include "files.h"
#include "model_config.h"

static const char golden[] = "tests/model/golden/model/config.json";

/* The fields and values of camembert-base's file, which lacks most of the newer fields. */
static const char base[] =
    "{\"architectures\": [\"CamembertForMaskedLM\"], \"attention_probs_dropout_prob\": 0.1, \"bos_token_id\": 5,"
    " \"eos_token_id\": 6, \"hidden_act\": \"gelu\", \"hidden_dropout_prob\": 0.1, \"hidden_size\": 768,"
    " \"initializer_range\": 0.02, \"intermediate_size\": 3072, \"layer_norm_eps\": 1e-05,"
    " \"max_position_embeddings\": 514, \"model_type\": \"camembert\", \"num_attention_heads\": 12,"
    " \"num_hidden_layers\": 12, \"output_past\": true, \"pad_token_id\": 1, \"type_vocab_size\": 1,"
    " \"vocab_size\": 32005}";

static cam_status parse(const char *text, cam_model_config *config) {
    return cam_model_config_parse(text, strlen(text), "config.json", config);
}

static void test_base(void **state) {
    (void)state;
    cam_model_config c;
    assert_int_equal(parse(base, &c), CAM_OK);
    assert_string_equal(c.family->model_type, "camembert");
    assert_int_equal(c.vocab_size, 32005);
    assert_int_equal(c.hidden_size, 768);
    assert_int_equal(c.num_hidden_layers, 12);
    assert_int_equal(c.num_attention_heads, 12);
    assert_int_equal(c.intermediate_size, 3072);
    assert_int_equal(c.max_position_embeddings, 514);
    assert_int_equal(c.type_vocab_size, 1);
    assert_true(c.layer_norm_eps == 1e-5);
    assert_true(c.hidden_dropout_prob == 0.1 && c.attention_probs_dropout_prob == 0.1);
    assert_true(c.classifier_dropout < 0 && cam_model_config_head_dropout(&c) == 0.1);
    assert_true(c.initializer_range == 0.02);
    assert_int_equal(c.pad_token_id, 1);
    assert_int_equal(c.bos_token_id, 5);
    assert_int_equal(c.eos_token_id, 6);
    assert_int_equal(cam_model_config_max_tokens(&c), 512);
    assert_int_equal(c.num_labels, 2); /* transformers' default */
    assert_string_equal(c.id2label[1], "LABEL_1");
    assert_false(c.has_labels);
    assert_null(c.problem_type);
    cam_model_config_release(&c);
    cam_model_config_release(&c);
}

static void read_back(const char *path, cam_strbuf *text) {
    assert_int_equal(cam_file_read(path, 1 << 20, CAM_E_MODEL, text), CAM_OK);
}

/* A file of save_pretrained (transformers 5) is unchanged after reading and writing. */
static void test_golden_round_trip(void **state) {
    (void)state;
    cam_model_config c;
    cam_strbuf before = CAM_STRBUF_INIT, after = CAM_STRBUF_INIT;
    assert_int_equal(cam_model_config_read(golden, &c), CAM_OK);
    assert_true(c.has_labels);
    assert_int_equal(c.num_labels, 5);
    assert_string_equal(c.problem_type, "single_label_classification");
    assert_int_equal(cam_model_config_write(&c, scratch_path("config.json")), CAM_OK);
    read_back(golden, &before);
    read_back(scratch_path("config.json"), &after);
    assert_string_equal(after.text, before.text);
    cam_strbuf_release(&before);
    cam_strbuf_release(&after);
    cam_model_config_release(&c);
}

/* The threshold of a classifier is written, read back, and gone where the struct has none. */
static void test_threshold(void **state) {
    (void)state;
    cam_model_config c, again;
    assert_int_equal(cam_model_config_read(golden, &c), CAM_OK);
    assert_false(c.has_threshold);
    c.has_threshold = 1;
    c.score_threshold = 1;
    c.target_accuracy = 0.95;
    assert_int_equal(cam_model_config_write(&c, scratch_path("config.json")), CAM_OK);
    cam_model_config_release(&c);
    assert_int_equal(cam_model_config_read(scratch_path("config.json"), &c), CAM_OK);
    assert_true(c.has_threshold && c.score_threshold == 1 && c.target_accuracy == 0.95);
    c.has_threshold = 0;
    assert_int_equal(cam_model_config_write(&c, scratch_path("config.json")), CAM_OK);
    assert_int_equal(cam_model_config_read(scratch_path("config.json"), &again), CAM_OK);
    assert_false(again.has_threshold);
    assert_true(again.score_threshold == 0 && again.target_accuracy == 0);
    cam_model_config_release(&again);
    cam_model_config_release(&c);
}

/* The same of a masked language model, which has no labels. */
static void test_masked_language_model(void **state) {
    (void)state;
    static const char masked[] = "tests/model/golden/masked_model/config.json";
    cam_model_config c;
    cam_strbuf before = CAM_STRBUF_INIT, after = CAM_STRBUF_INIT;
    assert_int_equal(cam_model_config_read(masked, &c), CAM_OK);
    assert_int_equal(c.task, CAM_TASK_CLASSIFY);
    assert_false(c.untied);
    c.task = CAM_TASK_MASKED_LM;
    assert_int_equal(cam_model_config_write(&c, scratch_path("config.json")), CAM_OK);
    read_back(masked, &before);
    read_back(scratch_path("config.json"), &after);
    assert_string_equal(after.text, before.text);
    cam_model_config_release(&c);

    /* from a classifier's file: its labels and its kind go, and the decoder becomes the word embeddings */
    after.length = 0;
    assert_int_equal(cam_model_config_read(golden, &c), CAM_OK);
    c.task = CAM_TASK_MASKED_LM;
    c.untied = 1;
    assert_int_equal(cam_model_config_write(&c, scratch_path("config.json")), CAM_OK);
    read_back(scratch_path("config.json"), &after);
    assert_non_null(strstr(after.text, "    \"CamembertForMaskedLM\"\n"));
    assert_non_null(strstr(after.text, "\"tie_word_embeddings\": true"));
    assert_null(strstr(after.text, "label"));
    assert_null(strstr(after.text, "classification"));
    cam_strbuf_release(&before);
    cam_strbuf_release(&after);
    cam_model_config_release(&c);
}

/* Numbers are written as by Python's json.dumps, label ids in the order of numbers; unknown fields are kept. */
static void test_written(void **state) {
    (void)state;
    static const char source[] =
        "{\"model_type\":\"xlm-roberta\",\"vocab_size\":250002,\"hidden_size\":64,\"num_hidden_layers\":1,"
        "\"num_attention_heads\":4,\"intermediate_size\":128,\"max_position_embeddings\":514,\"type_vocab_size\":1,"
        "\"layer_norm_eps\":0.00001,\"hidden_dropout_prob\":0,\"num_labels\":2,\"torch_dtype\":\"float16\","
        "\"foreign\":{\"list\":[],\"none\":{},\"nested\":[1,-2.5,\"\\u00e9\\n\",null,false],"
        "\"reals\":[1e16,123456789012345.0,1e15,0.0001,0.00012345678901234567,1e-7,2.5e300,-0.0,100.0]}}";
    static const char nested[] = "  \"foreign\": {\n    \"list\": [],\n    \"nested\": [\n      1,\n      -2.5,\n"
                                 "      \"\xc3\xa9\\n\",\n      null,\n      false\n    ],\n    \"none\": {},\n"
                                 "    \"reals\": [\n      1e+16,\n      123456789012345.0,\n      1000000000000000.0,\n"
                                 "      0.0001,\n      0.00012345678901234567,\n      1e-07,\n      2.5e+300,\n"
                                 "      -0.0,\n      100.0\n    ]\n  },\n";
    const char *labels[11] = {"\xc3\x89lectricit\xc3\xa9", "\"b\"", "c", "d", "e", "f", "g", "h", "i", "j", "zz"};
    cam_model_config c;
    cam_strbuf text = CAM_STRBUF_INIT;
    assert_int_equal(parse(source, &c), CAM_OK);
    assert_int_equal(cam_model_config_set_labels(&c, labels, 11), CAM_OK);
    c.classifier_dropout = 0.25;
    assert_int_equal(cam_model_config_write(&c, scratch_path("config.json")), CAM_OK);
    read_back(scratch_path("config.json"), &text);
    static const char *const expected[] = {
        nested,
        "  \"architectures\": [\n    \"XLMRobertaForSequenceClassification\"\n  ],\n",
        "  \"model_type\": \"xlm-roberta\",\n",
        "  \"problem_type\": \"single_label_classification\",\n",
        "  \"id2label\": {\n    \"0\": \"\xc3\x89lectricit\xc3\xa9\",\n    \"1\": \"\\\"b\\\"\",\n    \"2\": \"c\",\n",
        "    \"9\": \"j\",\n    \"10\": \"zz\"\n  },\n",
        "    \"zz\": 10,\n    \"\xc3\x89lectricit\xc3\xa9\": 0\n  },\n",
        "  \"layer_norm_eps\": 1e-05,\n",
        "  \"hidden_dropout_prob\": 0.0,\n",
        "  \"attention_probs_dropout_prob\": 0.1,\n",
        "  \"classifier_dropout\": 0.25,\n",
        "  \"torch_dtype\": \"float32\",\n",
        "  \"transformers_version\": \"4.46.3\",\n",
    };
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        if (!strstr(text.text, expected[i]))
            fail_msg("%s is not in %s", expected[i], text.text);
    assert_null(strstr(text.text, "num_labels"));
    assert_null(strstr(text.text, "\"dtype\""));
    cam_model_config again;
    assert_int_equal(cam_model_config_read(scratch_path("config.json"), &again), CAM_OK);
    assert_int_equal(again.num_labels, 11);
    assert_string_equal(again.id2label[10], "zz");
    assert_true(cam_model_config_head_dropout(&again) == 0.25);
    cam_model_config_release(&again);
    cam_model_config_release(&c);
    cam_strbuf_release(&text);
}

/* camembert-base's file with one field added (which replaces the one it has). */
static void make_variant(cam_strbuf *text, const char *key, const char *value) {
    char pattern[64];
    cam_strbuf_clear(text);
    snprintf(pattern, sizeof pattern, "\"%s\": ", key);
    const char *at = strstr(base, pattern);
    if (!at) {
        cam_strbuf_printf(text, "{\"%s\": %s,%s", key, value, base + 1);
        return;
    }
    const char *rest = at + strlen(pattern);
    rest += *rest == '[' ? strcspn(rest, "]") + 1 : strcspn(rest, ",}");
    cam_strbuf_append(text, base, (size_t)(at - base));
    cam_strbuf_printf(text, "\"%s\": %s%s", key, value, rest);
}

static void test_each_field(void **state) {
    (void)state;
    static const struct {
        const char *key, *value, *fragment; /* fragment NULL: accepted */
    } cases[] = {
        {"model_type", "\"roberta\"", NULL},
        {"model_type", "\"xlm-roberta\"", NULL},
        {"model_type", "\"gpt2\"",
         "config.json: model_type \"gpt2\" is not supported; supported: camembert, xlm-roberta, roberta"},
        {"model_type", "\"deberta-v2\"", "CamemBERTav2"},
        {"model_type", "\"modernbert\"", "ModernCamemBERT"},
        {"model_type", "\"flaubert\"", "FlauBERT"},
        {"model_type", "\"\\u001b[2Jx\"", "model_type \"\\u001b[2Jx\" is not supported"},
        {"model_type", "null", "\"model_type\" is missing"},
        {"vocab_size", "0", "\"vocab_size\" is 0"},
        {"vocab_size", "99999999999", "\"vocab_size\" is 99999999999"},
        {"vocab_size", "6", "\"vocab_size\" is 6"},
        {"vocab_size", "32005.0", "\"vocab_size\" must be a whole number"},
        {"hidden_size", "\"768\"", "\"hidden_size\" must be a whole number"},
        {"hidden_size", "756", "must be a multiple of 8"},
        {"hidden_size", "760", "must be a multiple of \"num_attention_heads\""},
        {"num_hidden_layers", "0", "\"num_hidden_layers\" is 0"},
        {"num_attention_heads", "-12", "\"num_attention_heads\" is -12"},
        {"max_position_embeddings", "4", "no text fits"},
        {"type_vocab_size", "-1", "\"type_vocab_size\" is -1"},
        {"type_vocab_size", "0", "\"type_vocab_size\" is 0, it must lie in 1 .. 1024"},
        {"type_vocab_size", "2", NULL},
        {"layer_norm_eps", "0", "\"layer_norm_eps\" is 0"},
        {"layer_norm_eps", "-1e-5", "\"layer_norm_eps\" is -1e-05"},
        {"layer_norm_eps", "null", "\"layer_norm_eps\" must be a number"},
        {"hidden_dropout_prob", "0", NULL},
        {"hidden_dropout_prob", "1.0", "\"hidden_dropout_prob\" is 1"},
        {"attention_probs_dropout_prob", "-0.1", "\"attention_probs_dropout_prob\" is -0.1"},
        {"attention_probs_dropout_prob", "\"0.1\"", "must be a number"},
        {"classifier_dropout", "null", NULL},
        {"classifier_dropout", "0.3", NULL},
        {"classifier_dropout", "1.5", "\"classifier_dropout\" is 1.5"},
        {"pad_token_id", "null", "\"pad_token_id\" must be a whole number"},
        {"pad_token_id", "600", "no text fits"},
        {"eos_token_id", "32005", "\"eos_token_id\" is 32005, past the vocabulary"},
        {"hidden_act", "\"gelu_new\"", "\"hidden_act\" is not \"gelu\""},
        {"position_embedding_type", "\"absolute\"", NULL},
        {"position_embedding_type", "\"relative_key\"", "\"position_embedding_type\" is not"},
        {"is_decoder", "false", NULL},
        {"is_decoder", "true", "\"is_decoder\" is not false"},
        {"add_cross_attention", "true", "\"add_cross_attention\" is not false"},
        {"pruned_heads", "{}", NULL},
        {"pruned_heads", "{\"0\":[1]}", "\"pruned_heads\" is not empty"},
        {"quantization_config", "{\"bits\":4}", "\"quantization_config\" is not empty"},
        {"problem_type", "null", NULL},
        {"problem_type", "\"single_label_classification\"", NULL},
        {"problem_type", "\"multi_label_classification\"", NULL},
        {"problem_type", "\"regression\"", NULL},
        {"problem_type", "\"ranking\"", "\"problem_type\" \"ranking\" is not known"},
        {"problem_type", "3", "must be a string or null"},
        {"num_labels", "7", NULL},
        {"num_labels", "0", "\"num_labels\" must lie in"},
        {"id2label", "{\"1\":\"b\",\"0\":\"a\"}", NULL},
        {"id2label", "{\"0\":\"a\",\"2\":\"b\"}", "\"id2label\" lacks \"1\""},
        {"id2label", "{\"0\":\"a\",\"01\":\"b\"}", "\"id2label\" lacks \"1\""},
        {"id2label", "{\"0\":\"a\",\"1\":[2]}", "the label of \"1\" must be a text or a number"},
        {"id2label", "{\"0\":1,\"1\":\"1\"}", "\"id2label\" holds \"1\" twice"},
        {"id2label", "{\"0\":\"a\",\"1\":\"a\"}", "\"id2label\" holds \"a\" twice"},
        {"id2label", "{}", "\"id2label\" must name"},
        {"id2label", "[\"a\",\"b\"]", "\"id2label\" must name"},
        {"hidden_size\": 768, \"hidden_size", "768", "a key occurs twice"},
    };
    cam_strbuf text = CAM_STRBUF_INIT;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cam_model_config c;
        make_variant(&text, cases[i].key, cases[i].value);
        cam_status_clear();
        cam_status st = parse(text.text, &c);
        if (cases[i].fragment) {
            if (st != CAM_E_MODEL)
                fail_msg("%s = %s was accepted", cases[i].key, cases[i].value);
            assert_message(cases[i].fragment);
            assert_null(c.source);
        } else if (st != CAM_OK)
            fail_msg("%s = %s: %s", cases[i].key, cases[i].value, cam_status_message());
        cam_model_config_release(&c);
    }
    cam_strbuf_release(&text);
}

static void assert_task(const char *text, const char *other_task, int has_labels) {
    cam_model_config c;
    assert_int_equal(parse(text, &c), CAM_OK);
    if (other_task)
        assert_string_equal(c.other_task, other_task);
    else
        assert_null(c.other_task);
    assert_int_equal(c.has_labels, has_labels);
    cam_model_config_release(&c);
}

/* Changes the class in "architectures" of `text`. */
static void set_class(cam_strbuf *text, const char *ending) {
    char *at = strstr(text->text, "ForMaskedLM");
    assert_non_null(at);
    cam_strbuf rest = CAM_STRBUF_INIT;
    cam_strbuf_puts(&rest, at + strlen("ForMaskedLM"));
    cam_strbuf_resize(text, (size_t)(at - text->text));
    cam_strbuf_printf(text, "%s%s", ending, rest.text);
    cam_strbuf_release(&rest);
}

/* One label of a sequence classifier means regression, also without problem_type. One label of another class means
 * nothing. */
static void test_other_tasks(void **state) {
    (void)state;
    static const struct {
        const char *ending, *key, *value, *other_task;
        int has_labels;
    } cases[] = {
        {"ForMaskedLM", "num_labels", "1", NULL, 0},
        {"ForSequenceClassification", "num_labels", "1", "a regression model", 0},
        {"ForSequenceClassification", "num_labels", "2", NULL, 0},
        {"ForSequenceClassification", "id2label", "{\"0\":\"a\",\"1\":\"b\"}", NULL, 1},
        {"ForSequenceClassification", "problem_type", "\"regression\"", "a regression model", 0},
        {"ForSequenceClassification", "problem_type", "\"multi_label_classification\"", "a multi-label classifier", 0},
        {"ForTokenClassification", "id2label", "{\"0\":\"O\",\"1\":\"PER\"}", "a token classifier", 0},
        {"ForQuestionAnswering", "num_labels", "2", "a model that answers questions", 0},
        {"ForMultipleChoice", "num_labels", "1", "a model of multiple choice", 0},
    };
    cam_strbuf text = CAM_STRBUF_INIT;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        make_variant(&text, cases[i].key, cases[i].value);
        set_class(&text, cases[i].ending);
        assert_task(text.text, cases[i].other_task, cases[i].has_labels);
    }
    cam_strbuf_release(&text);
}

/* Labels that are numbers or booleans are texts, as transformers shows them. */
static void test_labels_as_texts(void **state) {
    (void)state;
    static const char *const expected[] = {"3", "-0.5", "2.0", "True", "été"};
    cam_strbuf text = CAM_STRBUF_INIT;
    cam_model_config c;
    make_variant(&text, "id2label", "{\"0\":3,\"1\":-0.5,\"2\":2.0,\"3\":true,\"4\":\"été\"}");
    assert_int_equal(parse(text.text, &c), CAM_OK);
    assert_int_equal(c.num_labels, 5);
    for (int i = 0; i < 5; i++)
        assert_string_equal(c.id2label[i], expected[i]);
    cam_model_config_release(&c);
    cam_strbuf_release(&text);
}

static void test_all_problems_at_once(void **state) {
    (void)state;
    cam_model_config c;
    assert_int_equal(parse("{\"model_type\":\"camembert\",\"hidden_size\":7,\"hidden_act\":\"relu\"}", &c),
                     CAM_E_MODEL);
    static const char *const fragments[] = {"config.json: \"vocab_size\" is missing", "\"hidden_size\" is 7",
                                            "\"layer_norm_eps\" is missing", "\"type_vocab_size\" is missing",
                                            "\"hidden_act\" is not"};
    for (size_t i = 0; i < sizeof fragments / sizeof fragments[0]; i++)
        assert_message(fragments[i]);
}

static void test_not_json(void **state) {
    (void)state;
    static const struct {
        const char *text, *fragment;
    } cases[] = {
        {"", "not a JSON object"},
        {"[]", "not a JSON object"},
        {"{\"a\": 1,\n \"b\" 2}", "config.json:2: this is not a JSON object"},
        {"<!DOCTYPE html><html>", "web page"},
        {"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"},
    };
    cam_model_config c;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(parse(cases[i].text, &c), CAM_E_MODEL);
        assert_message(cases[i].fragment);
    }
    char *deep = malloc(1 << 20);
    assert_non_null(deep);
    memset(deep, '[', 1 << 20);
    memcpy(deep, "{\"a\":", 5);
    assert_int_equal(cam_model_config_parse(deep, 1 << 20, "config.json", &c), CAM_E_MODEL);
    free(deep);
    assert_int_equal(cam_model_config_read(scratch_path("absent/config.json"), &c), CAM_E_MODEL);
    assert_message("absent/config.json");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base),
        cmocka_unit_test(test_golden_round_trip),
        cmocka_unit_test(test_threshold),
        cmocka_unit_test(test_masked_language_model),
        cmocka_unit_test(test_written),
        cmocka_unit_test(test_each_field),
        cmocka_unit_test(test_other_tasks),
        cmocka_unit_test(test_labels_as_texts),
        cmocka_unit_test(test_all_problems_at_once),
        cmocka_unit_test(test_not_json),
    };
    return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
