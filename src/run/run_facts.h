/* run_facts.h: what the result of a run depends on, as names and values in words.
 *
 * run.json and every checkpoint hold the facts of their run. A run goes on from a checkpoint only where its own facts
 * are the same; otherwise the user reads which differ, with both values. Facts of the arithmetic may differ: the result
 * then is equal to rounding, not to the bit.
 */
#ifndef CAM_RUN_FACTS_H
#define CAM_RUN_FACTS_H

#include "cam/backend.h"
#include "json_out.h"
#include <jansson.h>
#include <stdint.h>

struct cam_run;

typedef struct cam_run_fact {
    char *name, *value;
} cam_run_fact;

/* A zeroed struct is empty. */
typedef struct cam_run_facts {
    cam_run_fact *list;
    size_t count;
} cam_run_facts;

/* Of a sound run: the keys of the configuration that matter, the rows of an update over all ranks, the data, the labels,
 * the model. Hashes the weights of the model while they are open. CAM_E_MEMORY, CAM_E_MODEL. */
CAM_MUST_CHECK cam_status cam_run_facts_find(const struct cam_run *run, cam_run_facts *facts);
/* Of the arithmetic: version, device, precision, number of ranks. */
CAM_MUST_CHECK cam_status cam_run_facts_find_arithmetic(const struct cam_run *run, const cam_backend *backend,
                                                        cam_run_facts *facts);
void cam_run_facts_release(cam_run_facts *facts);

/* Writes them as the object `key`. */
void cam_run_facts_put(const cam_run_facts *facts, cam_json *json, const char *key);
/* Reads such an object. CAM_E_MODEL where it is none. */
CAM_MUST_CHECK cam_status cam_run_facts_read(const json_t *object, cam_run_facts *facts);

/* Appends "learning_rate was 2e-5 and is 3e-5; seed was 42 and is 1" and returns how many differ. Keys of the data count
 * only where the data themselves differ. */
int cam_run_facts_compare(const cam_run_facts *was, const cam_run_facts *is, cam_strbuf *out);

/* A hash of the run's token ids, labels and split. */
uint64_t cam_run_data_hash(const struct cam_run *run);

#endif
