/* sentencepiece_proto.c: SentencePiece's ModelProto, read from a file and written for SentencePiece.
 *
 * The fields below are read, all others skipped. The file may be hostile: every length is checked before it is used.
 * SentencePiece gets a proto that is written here, so its own parser never reads the file.
 *
 *   ModelProto      1 pieces*, 2 trainer_spec, 3 normalizer_spec
 *   SentencePiece   1 piece, 2 score (f32), 3 type
 *   TrainerSpec     3 model_type, 40-43 unk/bos/eos/pad id
 *   NormalizerSpec  1 name, 2 precompiled_charsmap, 3 add_dummy_prefix, 4 remove_extra_whitespaces,
 *                   5 escape_whitespaces
 *
 * Source: google/sentencepiece src/sentencepiece_model.proto; the protobuf encoding; CamembertConverter and
 * XLMRobertaConverter of transformers. */
#include "vocabulary_internal.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };
enum { PIECE_NORMAL = 1, PIECE_UNKNOWN = 2, PIECE_CONTROL = 3, PIECE_USER_DEFINED = 4 };
enum { MODEL_UNIGRAM = 1 };

/* --- reading ----------------------------------------------------------------------------------------------------- */

typedef struct reader {
    const unsigned char *at, *end;
    int broken;
} reader;

typedef struct field {
    uint64_t number;
    int wire;
    uint64_t value;    /* WIRE_VARINT, WIRE_32, WIRE_64 */
    const char *bytes; /* WIRE_BYTES */
    size_t length;
} field;

static uint64_t read_varint(reader *r) {
    uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && r->at < r->end; shift += 7) {
        unsigned char byte = *r->at++;
        value |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80)
            return value;
    }
    r->broken = 1;
    return 0;
}

static uint64_t read_fixed(reader *r, size_t bytes) {
    uint64_t value = 0;
    if ((size_t)(r->end - r->at) < bytes) {
        r->broken = 1;
        return 0;
    }
    for (size_t i = 0; i < bytes; i++)
        value |= (uint64_t)r->at[i] << (8 * i);
    r->at += bytes;
    return value;
}

/* The next field; 0 at the end or where the message is broken. */
static int read_field(reader *r, field *f) {
    if (r->broken || r->at == r->end)
        return 0;
    uint64_t key = read_varint(r);
    *f = (field){.number = key >> 3, .wire = (int)(key & 7)};
    switch (f->wire) {
    case WIRE_VARINT:
        f->value = read_varint(r);
        break;
    case WIRE_32:
        f->value = read_fixed(r, 4);
        break;
    case WIRE_64:
        f->value = read_fixed(r, 8);
        break;
    case WIRE_BYTES: {
        uint64_t length = read_varint(r);
        if (r->broken || length > (uint64_t)(r->end - r->at)) {
            r->broken = 1;
            break;
        }
        f->bytes = (const char *)r->at;
        f->length = (size_t)length;
        r->at += length;
        break;
    }
    default:
        r->broken = 1;
    }
    return !r->broken && f->number > 0;
}

static reader reader_of(const char *bytes, size_t length) {
    const unsigned char *begin = (const unsigned char *)bytes;
    return (reader){begin, begin + length, 0};
}

static int message_is_broken(const reader *r) {
    return r->broken || r->at != r->end;
}

static cam_status fail_damaged(void) {
    return cam_fail(CAM_E_MODEL, "it is damaged, or no SentencePiece model");
}

static cam_status check_piece(size_t number, const field *text, const char *expected, const char *class_name) {
    if (text->length == strlen(expected) && memcmp(text->bytes, expected, text->length) == 0)
        return CAM_OK;
    return cam_fail(CAM_E_MODEL, "piece %zu is not \"%s\", as models of %s have it", number, expected, class_name);
}

/* Reads one piece. Piece 0 is the unknown one. The pieces before `first_piece` have their ids in `front`; the others
 * follow. */
static cam_status read_piece(cam_vocabulary *vocabulary, size_t number, const field *message) {
    cam_status st = CAM_OK;
    const cam_tokenizer_class *class = vocabulary->tokenizer_class;
    reader r = reader_of(message->bytes, message->length);
    field f, text = {0};
    float score = 0;
    uint64_t type = PIECE_NORMAL;
    while (read_field(&r, &f)) {
        if (f.number == 1 && f.wire == WIRE_BYTES)
            text = f;
        else if (f.number == 2 && f.wire == WIRE_32)
            memcpy(&score, &(uint32_t){(uint32_t)f.value}, sizeof score);
        else if (f.number == 3 && f.wire == WIRE_VARINT)
            type = f.value;
    }
    if (message_is_broken(&r) || text.length == 0)
        CAM_TRY(fail_damaged());
    if ((number == 0) != (type == PIECE_UNKNOWN))
        CAM_FAIL(CAM_E_MODEL, "piece %zu is %s unknown piece; models of %s have it at 0 and only there", number,
                 number == 0 ? "not the" : "an", class->name);
    if (number == 1 && class->first_piece > 1)
        CAM_TRY(check_piece(number, &text, class->bos, class->name));
    if (number == 2 && class->first_piece > 2)
        CAM_TRY(check_piece(number, &text, class->eos, class->name));
    if (number < (size_t) class->first_piece)
        goto out;
    if (type == PIECE_USER_DEFINED) {
        cam_added_token *token;
        char *copy = strndup(text.bytes, text.length);
        st =
            copy ? cam_vocabulary_add_token(vocabulary, copy, &token) : cam_fail(CAM_E_MEMORY, "no memory for a piece");
        free(copy);
        CAM_TRY(st);
        token->id = (int32_t)vocabulary->count;
    }
    CAM_TRY(cam_vocabulary_add(vocabulary, text.bytes, text.length, (double)score));
out:
    return st;
}

static cam_status check_trainer_spec(const field *message) {
    reader r = reader_of(message->bytes, message->length);
    field f;
    uint64_t type = MODEL_UNIGRAM;
    while (read_field(&r, &f)) {
        if (f.number == 3 && f.wire == WIRE_VARINT)
            type = f.value;
    }
    if (message_is_broken(&r))
        return fail_damaged();
    static const char *const names[] = {"unknown", "unigram", "BPE", "word", "character"};
    if (type != MODEL_UNIGRAM)
        return cam_fail(CAM_E_MODEL, "it is a SentencePiece %s model; only unigram models are read",
                        names[type < 5 ? type : 0]);
    return CAM_OK;
}

static cam_status read_charsmap(cam_vocabulary *vocabulary, const field *message) {
    cam_status st = CAM_OK;
    reader r = reader_of(message->bytes, message->length);
    field f, map = {0};
    while (read_field(&r, &f)) {
        if (f.number == 2 && f.wire == WIRE_BYTES)
            map = f;
    }
    if (message_is_broken(&r))
        CAM_TRY(fail_damaged());
    if (map.length > 0) {
        cam_normal_step *step;
        CAM_TRY(cam_vocabulary_add_step(vocabulary, CAM_NORMAL_CHARSMAP, &step));
        char *blob = malloc(map.length);
        if (!blob)
            CAM_FAIL(CAM_E_MEMORY, "no memory for the character map");
        memcpy(blob, map.bytes, map.length);
        CAM_TRY(cam_charsmap_init(&step->charsmap, blob, map.length));
    }
out:
    return st;
}

static cam_status add_control(cam_vocabulary *vocabulary, const char *text) {
    cam_status st = CAM_OK;
    cam_added_token *token;
    CAM_TRY(cam_vocabulary_add_token(vocabulary, text, &token));
    token->id = cam_vocabulary_find(vocabulary, text);
    token->lstrip = strcmp(text, vocabulary->tokenizer_class->mask) == 0;
    token->special = 1;
out:
    return st;
}

static int is_in_front(const cam_tokenizer_class *class, const char *text) {
    for (const struct cam_front_piece *piece = class->front; piece->text; piece++)
        if (strcmp(piece->text, text) == 0)
            return 1;
    return 0;
}

/* Control tokens are those in `front`, and bos, eos and mask where `front` does not have them. */
static cam_status add_controls(cam_vocabulary *vocabulary) {
    cam_status st = CAM_OK;
    const cam_tokenizer_class *class = vocabulary->tokenizer_class;
    const char *const others[] = {class->bos, class->eos, class->mask};
    for (const struct cam_front_piece *piece = class->front; piece->text; piece++)
        CAM_TRY(add_control(vocabulary, piece->text));
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (!is_in_front(class, others[i]))
            CAM_TRY(add_control(vocabulary, others[i]));
out:
    return st;
}

static cam_status add_front(cam_vocabulary *vocabulary) {
    cam_status st = CAM_OK;
    const cam_tokenizer_class *class = vocabulary->tokenizer_class;
    for (const struct cam_front_piece *piece = class->front; piece->text; piece++) {
        if (strcmp(piece->text, class->unk) == 0)
            vocabulary->unk_piece = (int32_t)vocabulary->count;
        CAM_TRY(cam_vocabulary_add(vocabulary, piece->text, strlen(piece->text), piece->score));
    }
out:
    return st;
}

/* As CamembertTokenizer of transformers does: words end at space, and begin with "▁". */
static cam_status add_splits(cam_vocabulary *vocabulary) {
    cam_status st = CAM_OK;
    cam_split_step *step;
    CAM_TRY(cam_vocabulary_add_split(vocabulary, CAM_SPLIT_SPACE, CAM_SPLIT_REMOVED, &step));
    CAM_TRY(cam_vocabulary_add_split(vocabulary, CAM_SPLIT_METASPACE, CAM_SPLIT_MERGED_WITH_NEXT, &step));
    step->prepend = CAM_PREPEND_ALWAYS;
    step->metaspace_split = 1;
out:
    return st;
}

/* Before the pieces are built. */
static cam_status check_count(const cam_vocabulary *vocabulary, reader r) {
    field f;
    size_t count = 0;
    while (read_field(&r, &f))
        count += f.number == 1 && f.wire == WIRE_BYTES;
    for (const struct cam_front_piece *piece = vocabulary->tokenizer_class->front; piece->text; piece++)
        count++;
    size_t unread = (size_t)vocabulary->tokenizer_class->first_piece;
    return cam_vocabulary_check_count(vocabulary, count > unread ? count - unread + 1 : 0); /* and the mask token */
}

cam_status cam_vocabulary_from_proto(cam_vocabulary *vocabulary, const char *bytes, size_t length) {
    cam_status st = CAM_OK;
    const cam_tokenizer_class *class = vocabulary->tokenizer_class;
    reader r = reader_of(bytes, length);
    field f;
    size_t pieces = 0;
    CAM_TRY(check_count(vocabulary, r));
    CAM_TRY(add_front(vocabulary));
    while (read_field(&r, &f)) {
        if (f.wire != WIRE_BYTES)
            continue;
        if (f.number == 1)
            CAM_TRY(read_piece(vocabulary, pieces++, &f));
        else if (f.number == 2)
            CAM_TRY(check_trainer_spec(&f));
        else if (f.number == 3)
            CAM_TRY(read_charsmap(vocabulary, &f));
    }
    if (message_is_broken(&r) || pieces < (size_t) class->first_piece)
        CAM_TRY(fail_damaged());
    CAM_TRY(cam_vocabulary_add(vocabulary, class->mask, strlen(class->mask), 0));
    CAM_TRY(add_splits(vocabulary));
    CAM_TRY(cam_vocabulary_finish(vocabulary));
    vocabulary->special.unk = vocabulary->unk_piece;
    CAM_TRY(cam_vocabulary_surround(vocabulary));
    CAM_TRY(add_controls(vocabulary));
out:
    return st;
}

/* --- writing ----------------------------------------------------------------------------------------------------- */

static void put_varint(cam_strbuf *out, uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        cam_strbuf_putc(out, (char)(value | 0x80));
    cam_strbuf_putc(out, (char)value);
}

static void put_number(cam_strbuf *out, unsigned number, uint64_t value) {
    put_varint(out, number << 3 | WIRE_VARINT);
    put_varint(out, value);
}

static void put_bytes(cam_strbuf *out, unsigned number, const char *bytes, size_t length) {
    put_varint(out, number << 3 | WIRE_BYTES);
    put_varint(out, length);
    cam_strbuf_append(out, bytes, length);
}

static void put_piece(cam_strbuf *out, cam_strbuf *scratch, const char *text, double score, unsigned type) {
    float narrow = (float)score;
    unsigned char bits[sizeof narrow];
    memcpy(bits, &narrow, sizeof narrow);
    cam_strbuf_clear(scratch);
    put_bytes(scratch, 1, text, strlen(text));
    put_varint(scratch, 2 << 3 | WIRE_32);
    cam_strbuf_append(scratch, (const char *)bits, sizeof bits);
    put_number(scratch, 3, type);
    put_bytes(out, 1, cam_strbuf_text(scratch), scratch->length);
}

void cam_vocabulary_to_proto(const cam_vocabulary *vocabulary, cam_strbuf *out) {
    cam_strbuf scratch = CAM_STRBUF_INIT;
    for (size_t i = 0; i < vocabulary->count; i++) {
        const cam_piece *piece = &vocabulary->pieces[i];
        if ((int32_t)i == vocabulary->unk_piece) {
            put_piece(out, &scratch, "<unk>", 0, PIECE_UNKNOWN);
        } else if (piece->text[0] == '\0' || cam_vocabulary_is_hidden(vocabulary, i)) {
            /* a name that occurs in no text: 0xFF is not UTF-8 */
            char name[32];
            snprintf(name, sizeof name, "\xFF%zu", i);
            put_piece(out, &scratch, name, 0, PIECE_CONTROL);
        } else {
            put_piece(out, &scratch, piece->text, piece->score, PIECE_NORMAL);
        }
    }
    /* The score of an unknown character follows from the lowest score: of all pieces in tokenizers, of NORMAL pieces in
     * SentencePiece. One more NORMAL piece, which occurs in no text, has the lowest score of all. */
    put_piece(out, &scratch, "\xFF", vocabulary->lowest_score, PIECE_NORMAL);

    cam_strbuf_clear(&scratch);
    put_number(&scratch, 3, MODEL_UNIGRAM);
    put_number(&scratch, 40, (uint64_t)vocabulary->unk_piece);
    for (unsigned id = 41; id <= 43; id++)
        put_number(&scratch, id, UINT64_MAX); /* -1: none */
    put_bytes(out, 2, cam_strbuf_text(&scratch), scratch.length);

    cam_strbuf_clear(&scratch);
    put_bytes(&scratch, 1, "identity", strlen("identity"));
    for (unsigned flag = 3; flag <= 5; flag++)
        put_number(&scratch, flag, 0);
    put_bytes(out, 3, cam_strbuf_text(&scratch), scratch.length);
    cam_strbuf_release(&scratch);
}
