/* facts.h: what the result of a run depends on, as names and values in words.
 *
 * run.json has the facts of its run, and a run goes on only where its own are the same: otherwise the user reads which
 * differ, with both values. Every checkpoint has the facts of the arithmetic. They may differ: the result then is equal to
 * rounding, not to the bit.
 */
#ifndef CAM_FACTS_H
#define CAM_FACTS_H

#include "cam/status.h"
#include "json_out.h"
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

typedef struct cam_fact {
    char *name, *value;
} cam_fact;

/* A zeroed struct is empty. */
typedef struct cam_facts {
    cam_fact *list;
    size_t count;
} cam_facts;

#define CAM_FACT_DATA "data" /* the name of the fact that tells of the rows */

/* Copies both texts. CAM_E_MEMORY. */
CAM_MUST_CHECK cam_status cam_facts_add(cam_facts *facts, const char *name, const char *value);
CAM_MUST_CHECK cam_status cam_facts_add_integer(cam_facts *facts, const char *name, int64_t value);
void cam_facts_release(cam_facts *facts);

/* Writes them as the object `key`. */
void cam_facts_put(const cam_facts *facts, cam_json *json, const char *key);
/* Reads such an object; add to an empty list. CAM_E_MODEL where it is none, CAM_E_MEMORY. Release in every case. */
CAM_MUST_CHECK cam_status cam_facts_read(const json_t *object, cam_facts *facts);

/* Appends "learning_rate was 2e-5 and is 3e-5; seed was 42 and is 1" and returns how many differ. Keys of the data count
 * only where the data themselves differ. */
int cam_facts_compare(const cam_facts *was, const cam_facts *is, cam_strbuf *out);

#endif
