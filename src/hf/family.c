/* family.c: see family.h. */
#include "family.h"
#include "utf8.h"
#include <string.h>

#define SPECIAL_TOKENS .bos = "<s>", .eos = "</s>", .pad = "<pad>", .unk = "<unk>", .mask = "<mask>"

/* SentencePiece's 0, 1, 2 are <unk>, <s>, </s>: here 3, 5, 6. The score of <unk>NOTUSED makes Hugging Face's score of
 * an unknown character -110. */
static const cam_tokenizer_class camembert_tokenizer = {
    SPECIAL_TOKENS,
    .name = "CamembertTokenizer",
    .front = {{"<s>NOTUSED", 0, 0}, {"<pad>", 0, 0}, {"</s>NOTUSED", 0, 0}, {"<unk>", 0, 0}, {"<unk>NOTUSED", -100, 1}},
    .first_piece = 1,
};

/* SentencePiece's 0, 1, 2 are <unk>, <s>, </s>: here 3, 0, 2. */
static const cam_tokenizer_class xlm_roberta_tokenizer = {
    SPECIAL_TOKENS,
    .name = "XLMRobertaTokenizer",
    .front = {{"<s>", 0, 0}, {"<pad>", 0, 0}, {"</s>", 0, 0}, {"<unk>", 0, 0}},
    .first_piece = 3,
};

/* RoBERTa's own class has no SentencePiece model. For a unigram vocabulary, tokenizer.json holds the ids. */
const cam_tokenizer_class cam_tokenizer_class_of_file = {
    SPECIAL_TOKENS,
    .name = "PreTrainedTokenizerFast",
};

const cam_family cam_families[] = {
    {
        .model_type = "camembert",
        .classifier_class = "CamembertForSequenceClassification",
        .masked_lm_class = "CamembertForMaskedLM",
        .encoder_class = "CamembertModel",
        .prefixes = {"roberta.", "camembert."},
        .tokenizer_class = &camembert_tokenizer,
        .position_offset = 1,
    },
    {
        .model_type = "xlm-roberta",
        .classifier_class = "XLMRobertaForSequenceClassification",
        .masked_lm_class = "XLMRobertaForMaskedLM",
        .encoder_class = "XLMRobertaModel",
        .prefixes = {"roberta."},
        .tokenizer_class = &xlm_roberta_tokenizer,
        .position_offset = 1,
    },
    {
        .model_type = "roberta",
        .classifier_class = "RobertaForSequenceClassification",
        .masked_lm_class = "RobertaForMaskedLM",
        .encoder_class = "RobertaModel",
        .prefixes = {"roberta."},
        .tokenizer_class = &cam_tokenizer_class_of_file,
        .position_offset = 1,
    },
    {.model_type = NULL},
};

/* Architectures that are not supported, for messages only. */
static const struct {
    const char *model_type, *description;
} other_architectures[] = {
    {"deberta", "DeBERTa"},
    {"deberta-v2", "DeBERTa, as CamemBERTa and CamemBERTav2 are"},
    {"modernbert", "ModernBERT, as ModernCamemBERT is"},
    {"flaubert", "XLM, as FlauBERT is"},
    {"xlm", "XLM"},
    {"bert", "BERT"},
    {"distilbert", "DistilBERT"},
    {"electra", "ELECTRA"},
};

const cam_family *cam_family_find(const char *model_type) {
    for (const cam_family *family = cam_families; family->model_type; family++)
        if (strcmp(model_type, family->model_type) == 0)
            return family;
    return NULL;
}

const cam_tokenizer_class *cam_family_tokenizer_class(const char *name) {
    for (const cam_family *family = cam_families; family->model_type; family++) {
        const cam_tokenizer_class *found = family->tokenizer_class;
        size_t length = strlen(found->name);
        if (found->front[0].text && strncmp(name, found->name, length) == 0 &&
            (name[length] == '\0' || strcmp(name + length, "Fast") == 0))
            return found;
    }
    return NULL;
}

const char *cam_family_prefix_of(const char *tensor_name) {
    for (const cam_family *family = cam_families; family->model_type; family++)
        for (int i = 0; i < CAM_FAMILY_PREFIXES && family->prefixes[i]; i++)
            if (strncmp(tensor_name, family->prefixes[i], strlen(family->prefixes[i])) == 0)
                return family->prefixes[i];
    return "";
}

void cam_family_refuse(const char *model_type, cam_strbuf *out) {
    cam_strbuf_puts(out, "model_type ");
    cam_strbuf_put_json(out, model_type, cam_utf8_cut(model_type, strlen(model_type), 64)); /* it comes from a file */
    for (size_t i = 0; i < sizeof other_architectures / sizeof other_architectures[0]; i++)
        if (strcmp(model_type, other_architectures[i].model_type) == 0)
            cam_strbuf_printf(out, " (%s)", other_architectures[i].description);
    cam_strbuf_puts(out, " is not supported; supported: ");
    for (const cam_family *family = cam_families; family->model_type; family++)
        cam_strbuf_printf(out, "%s%s", family == cam_families ? "" : ", ", family->model_type);
}
