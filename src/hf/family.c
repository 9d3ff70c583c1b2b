/* family.c: see family.h. */
#include "family.h"
#include <string.h>

const cam_family cam_families[] = {
    {
        .model_type = "camembert",
        .classifier_class = "CamembertForSequenceClassification",
        .prefixes = {"roberta.", "camembert."},
        .token_types = 1,
        .position_offset = 1,
    },
    {
        .model_type = "xlm-roberta",
        .classifier_class = "XLMRobertaForSequenceClassification",
        .prefixes = {"roberta."},
        .token_types = 1,
        .position_offset = 1,
    },
    {
        .model_type = "roberta",
        .classifier_class = "RobertaForSequenceClassification",
        .prefixes = {"roberta."},
        .token_types = 1,
        .position_offset = 1,
    },
    {.model_type = NULL},
};

/* Types that people bring, and what they are; only messages use them. */
static const struct {
    const char *model_type, *what;
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

const char *cam_family_prefix_of(const char *tensor_name) {
    for (const cam_family *family = cam_families; family->model_type; family++)
        for (int i = 0; i < CAM_FAMILY_PREFIXES && family->prefixes[i]; i++)
            if (strncmp(tensor_name, family->prefixes[i], strlen(family->prefixes[i])) == 0)
                return family->prefixes[i];
    return "";
}

void cam_family_refuse(const char *model_type, cam_strbuf *out) {
    /* the name comes from a file: quoted, and cut at a character's end where it is long */
    size_t length = strnlen(model_type, 64);
    while (length > 0 && ((unsigned char)model_type[length] & 0xC0) == 0x80)
        length--;
    cam_strbuf_puts(out, "model_type ");
    cam_strbuf_put_json(out, model_type, length);
    for (size_t i = 0; i < sizeof other_architectures / sizeof other_architectures[0]; i++)
        if (strcmp(model_type, other_architectures[i].model_type) == 0)
            cam_strbuf_printf(out, " (%s)", other_architectures[i].what);
    cam_strbuf_puts(out, " is not supported; supported: ");
    for (const cam_family *family = cam_families; family->model_type; family++)
        cam_strbuf_printf(out, "%s%s", family == cam_families ? "" : ", ", family->model_type);
}
