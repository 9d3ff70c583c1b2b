/* tokenizer_json.c: reads tokenizer.json, the file of huggingface/tokenizers.
 *
 * It reads Unigram and WordPiece models, and the steps that normalizer_json.c and pre_tokenizer_json.c list. Anything
 * else is refused by name: an ignored step would silently give other ids. */
#include "json_size.h"
#include "tokenizer_json_internal.h"
#include <errno.h>
#include <stdlib.h>

/* Room for a vocabulary of a million pieces, each with its score. */
enum { FILE_VALUES = 3 << 20 };

cam_status cam_json_read_pattern(const char *expression, const char *use, cam_pattern **pattern) {
    cam_status st = CAM_OK;
    *pattern = malloc(sizeof **pattern);
    if (!*pattern)
        CAM_FAIL(CAM_E_MEMORY, "no memory for a pattern");
    if (!cam_pattern_compile(*pattern, expression))
        CAM_FAIL(CAM_E_MODEL, "its %s the pattern \"%s\", which is not implemented", use, expression);
out:
    if (st != CAM_OK) {
        free(*pattern);
        *pattern = NULL;
    }
    return st;
}

/* --- model ------------------------------------------------------------------------------------------------------- */

static cam_status read_unigram(cam_vocabulary *vocabulary, const json_t *object) {
    cam_status st = CAM_OK;
    const json_t *vocab = json_object_get(object, "vocab"), *unk = json_object_get(object, "unk_id"), *entry;
    size_t i;
    if (cam_json_flag(object, "byte_fallback", 0))
        CAM_FAIL(CAM_E_MODEL, "its model falls back to bytes (\"byte_fallback\"), which is not implemented");
    CAM_TRY(cam_vocabulary_check_count(vocabulary, json_array_size(vocab)));
    json_array_foreach(vocab, i, entry) {
        const json_t *text = json_array_get(entry, 0), *score = json_array_get(entry, 1);
        if (!json_is_string(text) || !json_is_number(score))
            CAM_FAIL(CAM_E_MODEL, "entry %zu of its vocabulary is not a text and a number", i);
        CAM_TRY(cam_vocabulary_add(vocabulary, json_string_value(text), json_string_length(text),
                                   json_number_value(score)));
    }
    json_int_t id = json_is_integer(unk) ? json_integer_value(unk) : -1;
    if (id < 0 || (size_t)id >= vocabulary->count)
        CAM_FAIL(CAM_E_MODEL, "its \"unk_id\" is not in the vocabulary");
    vocabulary->unk_piece = (int32_t)id;
    CAM_TRY(cam_vocabulary_finish(vocabulary));
out:
    return st;
}

static const char *text_of(const json_t *object, const char *key, const char *fallback) {
    const json_t *value = json_object_get(object, key);
    return json_is_string(value) ? json_string_value(value) : fallback;
}

/* Every piece has an id, and the highest is one of the model's. Ids out of any range are refused as they are set. */
static cam_status check_ids(const cam_vocabulary *vocabulary, json_t *vocab) {
    const char *text;
    json_t *id;
    json_int_t count = (json_int_t)json_object_size(vocab);
    json_object_foreach(vocab, text, id) {
        if (!json_is_integer(id))
            return cam_fail(CAM_E_MODEL, "\"%s\" of its vocabulary has no id", text);
        if (json_integer_value(id) >= count && json_integer_value(id) < CAM_PIECES_MAX)
            count = json_integer_value(id) + 1;
    }
    return cam_vocabulary_check_count(vocabulary, (size_t)count);
}

static cam_status read_wordpiece(cam_vocabulary *vocabulary, const json_t *object) {
    cam_status st = CAM_OK;
    const json_t *longest = json_object_get(object, "max_input_chars_per_word");
    json_t *vocab = json_object_get(object, "vocab"), *id;
    const char *text, *unk = text_of(object, "unk_token", "[UNK]");
    vocabulary->kind = CAM_VOCABULARY_WORDPIECE;
    vocabulary->continuation = strdup(text_of(object, "continuing_subword_prefix", "##"));
    if (!vocabulary->continuation)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the vocabulary");
    vocabulary->continuation_bytes = strlen(vocabulary->continuation);
    json_int_t characters = json_is_integer(longest) ? json_integer_value(longest) : 100;
    vocabulary->word_characters = characters < 0 ? 0 : characters > INT32_MAX ? INT32_MAX : (int32_t)characters;
    CAM_TRY(check_ids(vocabulary, vocab));
    json_object_foreach(vocab, text, id) {
        CAM_TRY(cam_vocabulary_set(vocabulary, json_integer_value(id), text, strlen(text)));
    }
    CAM_TRY(cam_vocabulary_finish(vocabulary));
    vocabulary->unk_piece = cam_vocabulary_find(vocabulary, unk);
    if (vocabulary->unk_piece < 0)
        CAM_FAIL(CAM_E_MODEL, "its \"unk_token\", \"%s\", is not in the vocabulary", unk);
out:
    return st;
}

/* Old files do not name the kind of the model. */
static const char *kind_of_model(const json_t *object) {
    const json_t *vocab = json_object_get(object, "vocab");
    if (json_is_string(json_object_get(object, "type")))
        return cam_json_type(object);
    return json_object_get(object, "merges")                     ? "BPE"
           : json_is_array(vocab)                                ? "Unigram"
           : json_object_get(object, "max_input_chars_per_word") ? "WordPiece"
                                                                 : "?";
}

static cam_status read_model(cam_vocabulary *vocabulary, const json_t *object) {
    cam_status st = CAM_OK;
    const json_t *vocab = json_object_get(object, "vocab");
    const char *kind = kind_of_model(object);
    int is_unigram = strcmp(kind, "Unigram") == 0;
    if (!is_unigram && strcmp(kind, "WordPiece") != 0)
        CAM_FAIL(CAM_E_MODEL, "it holds a \"%s\" model; only \"Unigram\" (SentencePiece) and \"WordPiece\" are read",
                 kind);
    if (is_unigram ? !json_is_array(vocab) : !json_is_object(vocab))
        CAM_FAIL(CAM_E_MODEL, "its model has no vocabulary");
    CAM_TRY(is_unigram ? read_unigram(vocabulary, object) : read_wordpiece(vocabulary, object));
    vocabulary->special.unk = vocabulary->unk_piece;
out:
    return st;
}

/* --- added tokens ------------------------------------------------------------------------------------------------ */

cam_status cam_vocabulary_read_added(cam_vocabulary *vocabulary, const json_t *object, int64_t id) {
    cam_status st = CAM_OK;
    const char *text = json_string_value(json_object_get(object, "content"));
    if (!text)
        CAM_FAIL(CAM_E_MODEL, "one of its added tokens has no \"content\"");
    cam_added_token *token = cam_vocabulary_added(vocabulary, text);
    int32_t known = token ? token->id : cam_vocabulary_find(vocabulary, text); /* it replaces the token's own id */
    if (known >= 0)
        id = known;
    if (text[0] == '\0')
        goto out;
    if (id < 0 || id >= INT32_MAX)
        CAM_FAIL(CAM_E_MODEL, "its added token \"%s\" has no id", text);
    if (!token)
        CAM_TRY(cam_vocabulary_add_token(vocabulary, text, &token));
    token->id = (int32_t)id;
    token->lstrip = cam_json_flag(object, "lstrip", 0);
    token->rstrip = cam_json_flag(object, "rstrip", 0);
    token->single_word = cam_json_flag(object, "single_word", 0);
    token->special = cam_json_flag(object, "special", 0);
    token->normalized = cam_json_flag(object, "normalized", !token->special);
    if (id >= vocabulary->vocab_size)
        vocabulary->vocab_size = (int32_t)id + 1;
out:
    return st;
}

static cam_status read_added_tokens(cam_vocabulary *vocabulary, const json_t *list) {
    cam_status st = CAM_OK;
    const json_t *token;
    size_t i;
    json_array_foreach(list, i, token) {
        const json_t *id = json_object_get(token, "id");
        CAM_TRY(cam_vocabulary_read_added(vocabulary, token, json_is_integer(id) ? json_integer_value(id) : -1));
    }
out:
    return st;
}

/* --- post-processor ---------------------------------------------------------------------------------------------- */

static cam_status surround(cam_around *around, int at_front, const json_t *id) {
    if (!json_is_integer(id) || json_integer_value(id) < 0 || json_integer_value(id) >= INT32_MAX)
        return cam_fail(CAM_E_MODEL, "its post-processor names a token without an id");
    if (around->count == CAM_AROUND_IDS)
        return cam_fail(CAM_E_MODEL, "its post-processor puts more than %d tokens on one side of a text",
                        CAM_AROUND_IDS);
    if (at_front)
        memmove(around->ids + 1, around->ids, around->count * sizeof *around->ids);
    around->ids[at_front ? 0 : around->count] = (int32_t)json_integer_value(id);
    around->count++;
    return CAM_OK;
}

/* The items behind the text are added from the first on, those before it from the last on: so a processor that follows
 * another one adds its tokens outside. */
static cam_status read_template(cam_vocabulary *vocabulary, const json_t *object) {
    cam_status st = CAM_OK;
    const json_t *items = json_object_get(object, "single"), *tokens = json_object_get(object, "special_tokens");
    size_t count = json_array_size(items), text = count;
    for (size_t i = 0; i < count; i++) {
        const json_t *sequence = json_object_get(json_array_get(items, i), "Sequence");
        if (sequence && text == count && cam_json_is(sequence, "id", "A"))
            text = i;
        else if (sequence)
            CAM_FAIL(CAM_E_MODEL, "its post-processor \"TemplateProcessing\" does not hold one text");
    }
    if (text == count)
        CAM_FAIL(CAM_E_MODEL, "its post-processor \"TemplateProcessing\" does not hold the text");
    for (size_t step = 0; step < count; step++) {
        size_t i = step < text ? text - 1 - step : step;
        const json_t *special = json_object_get(json_array_get(items, i), "SpecialToken"), *id;
        const char *name = json_string_value(json_object_get(special, "id"));
        const json_t *ids = name ? json_object_get(json_object_get(tokens, name), "ids") : NULL;
        size_t all = json_array_size(ids);
        if (i == text)
            continue;
        if (all == 0)
            CAM_FAIL(CAM_E_MODEL, "its post-processor names a token without an id");
        for (size_t n = 0; n < all; n++) {
            id = json_array_get(ids, i < text ? all - 1 - n : n);
            CAM_TRY(surround(i < text ? &vocabulary->before : &vocabulary->behind, i < text, id));
        }
    }
out:
    return st;
}

/* RobertaProcessing and BertProcessing: {"cls": ["<s>", 0], "sep": ["</s>", 2]}. */
static cam_status read_pair(cam_vocabulary *vocabulary, const json_t *object) {
    cam_status st = CAM_OK;
    CAM_TRY(surround(&vocabulary->before, 1, json_array_get(json_object_get(object, "cls"), 1)));
    CAM_TRY(surround(&vocabulary->behind, 0, json_array_get(json_object_get(object, "sep"), 1)));
out:
    return st;
}

static cam_status read_post_processor(cam_vocabulary *vocabulary, const json_t *object) {
    cam_status st = CAM_OK;
    const char *type = cam_json_type(object);
    const json_t *member;
    size_t i;
    if (!object || json_is_null(object))
        goto out;
    if (strcmp(type, "Sequence") == 0) {
        json_array_foreach(json_object_get(object, "processors"), i, member)
            CAM_TRY(read_post_processor(vocabulary, member));
    } else if (strcmp(type, "TemplateProcessing") == 0) {
        CAM_TRY(read_template(vocabulary, object));
    } else if (strcmp(type, "RobertaProcessing") == 0 || strcmp(type, "BertProcessing") == 0) {
        CAM_TRY(read_pair(vocabulary, object));
    } else if (strcmp(type, "ByteLevel") != 0) { /* that one changes offsets only */
        CAM_FAIL(CAM_E_MODEL, "its post-processor \"%s\" is not implemented", type);
    }
out:
    return st;
}

/* Without a post-processor, transformers' own classes add theirs; a classifier needs a first token to read. */
static cam_status check_surrounded(cam_vocabulary *vocabulary, int is_given) {
    if (!is_given && vocabulary->tokenizer_class->front[0].text)
        return cam_vocabulary_surround(vocabulary);
    if (vocabulary->before.count == 0)
        return cam_fail(CAM_E_MODEL,
                        "its post_processor puts no token such as \"%s\" before a text, which a classifier reads",
                        vocabulary->tokenizer_class->bos);
    return CAM_OK;
}

/* --- the file ---------------------------------------------------------------------------------------------------- */

cam_status cam_vocabulary_from_json(cam_vocabulary *vocabulary, const char *text, size_t length) {
    cam_status st = CAM_OK;
    json_error_t error;
    json_t *root = NULL;
    CAM_TRY(cam_json_check_size(text, length, FILE_VALUES, CAM_JSON_LEVELS));
    errno = 0; /* where memory runs out, jansson reports a syntax error */
    root = json_loadb(text, length, 0, &error);
    if (!root && errno == ENOMEM)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the tokenizer's file");
    if (!root)
        CAM_FAIL(CAM_E_MODEL, "it is not JSON: line %d: %s", error.line, error.text);
    const json_t *after = json_object_get(root, "post_processor");
    CAM_TRY(read_model(vocabulary, json_object_get(root, "model")));
    CAM_TRY(cam_vocabulary_read_normalizer(vocabulary, json_object_get(root, "normalizer")));
    CAM_TRY(cam_vocabulary_read_pre_tokenizer(vocabulary, json_object_get(root, "pre_tokenizer")));
    CAM_TRY(read_added_tokens(vocabulary, json_object_get(root, "added_tokens")));
    CAM_TRY(read_post_processor(vocabulary, after));
    CAM_TRY(check_surrounded(vocabulary, after && !json_is_null(after)));
    vocabulary->truncate_left = cam_json_is(json_object_get(root, "truncation"), "direction", "Left");
out:
    json_decref(root);
    return st;
}
