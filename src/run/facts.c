/* facts.c: see facts.h. */
#include "facts.h"
#include "plain.h"
#include "schema.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

cam_status cam_facts_add(cam_facts *facts, const char *name, const char *value) {
    cam_status st = CAM_OK;
    cam_fact fact = {strdup(name), strdup(value)};
    cam_fact *list = realloc(facts->list, (facts->count + 1) * sizeof *list);
    if (list)
        facts->list = list;
    if (!list || !fact.name || !fact.value)
        CAM_FAIL(CAM_E_MEMORY, "no memory for the facts of a run");
    facts->list[facts->count++] = fact;
    fact = (cam_fact){NULL, NULL};
out:
    free(fact.name);
    free(fact.value);
    return st;
}

void cam_facts_release(cam_facts *facts) {
    for (size_t i = 0; i < facts->count; i++) {
        free(facts->list[i].name);
        free(facts->list[i].value);
    }
    free(facts->list);
    *facts = (cam_facts){0};
}

cam_status cam_facts_add_integer(cam_facts *facts, const char *name, int64_t value) {
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    return cam_facts_add(facts, name, text);
}

/* --- written and read ---------------------------------------------------------------------------------------------- */

void cam_facts_put(const cam_facts *facts, cam_json *json, const char *key) {
    cam_json_object(json, key);
    for (size_t i = 0; i < facts->count; i++)
        cam_json_text(json, facts->list[i].name, facts->list[i].value);
    cam_json_close(json);
}

cam_status cam_facts_read(const json_t *object, cam_facts *facts) {
    cam_status st = CAM_OK;
    const char *name;
    json_t *value;
    if (!json_is_object(object))
        CAM_FAIL(CAM_E_MODEL, "it has no facts of a run");
    json_object_foreach((json_t *)(uintptr_t)object, name, value) {
        if (!json_is_string(value))
            CAM_FAIL(CAM_E_MODEL, "its fact \"%s\" is no text", name);
        CAM_TRY(cam_facts_add(facts, name, json_string_value(value)));
    }
out:
    return st;
}

/* --- compared ------------------------------------------------------------------------------------------------------ */

static const char *value_of(const cam_facts *facts, const char *name) {
    for (size_t i = 0; i < facts->count; i++)
        if (strcmp(facts->list[i].name, name) == 0)
            return facts->list[i].value;
    return NULL;
}

static int is_of_data(const char *name) {
    const cam_config_row *row = cam_config_row_find(name);
    return row && strcmp(row->section, "data") == 0;
}

static int differ(const char *a, const char *b) {
    return !a || !b || strcmp(a, b) != 0;
}

/* Values may be long: a label_map. */
static void put_difference(const char *name, const char *was, const char *is, cam_strbuf *out) {
    enum { VALUE_COLUMNS = 120 };
    cam_strbuf_puts(out, out->length ? "; " : "");
    cam_strbuf_puts(out, name);
    cam_strbuf_puts(out, " was ");
    cam_plain_put(out, was ? was : "unknown", VALUE_COLUMNS);
    cam_strbuf_puts(out, " and is ");
    cam_plain_put(out, is ? is : "unknown", VALUE_COLUMNS);
}

int cam_facts_compare(const cam_facts *was, const cam_facts *is, cam_strbuf *out) {
    int count = 0, other_data = differ(value_of(was, CAM_FACT_DATA), value_of(is, CAM_FACT_DATA));
    for (size_t i = 0; i < is->count; i++) {
        const char *name = is->list[i].name, *before = value_of(was, name), *now = is->list[i].value;
        if (!differ(before, now) || (is_of_data(name) && !other_data))
            continue;
        put_difference(name, before, now, out);
        count++;
    }
    for (size_t i = 0; i < was->count; i++) {
        const char *name = was->list[i].name;
        if (value_of(is, name) || (is_of_data(name) && !other_data))
            continue;
        put_difference(name, was->list[i].value, NULL, out);
        count++;
    }
    return count;
}
