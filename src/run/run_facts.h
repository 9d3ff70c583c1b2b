/* run_facts.h: finds the facts of a run; facts.h says what they are for. */
#ifndef CAM_RUN_FACTS_H
#define CAM_RUN_FACTS_H

#include "run.h"

/* Of a sound run: the keys of the configuration that matter, the rows of an update over all ranks, the data, the labels,
 * the model. Hashes the weights of the model while they are open. CAM_E_MEMORY, CAM_E_MODEL. */
CAM_MUST_CHECK cam_status cam_run_facts_find(const cam_run *run, cam_facts *facts);
/* Of the arithmetic: version, device, precision, number of ranks. */
CAM_MUST_CHECK cam_status cam_run_facts_find_arithmetic(const cam_run *run, const cam_backend *backend,
                                                        cam_facts *facts);

/* A hash of the run's token ids, labels and split. */
uint64_t cam_run_data_hash(const cam_run *run);

#endif
