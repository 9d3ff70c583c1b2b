/* text_audit.h: texts from which no classifier can learn what it should: broken or lost accents, HTML, words for missing
 * values, one text only, texts that are or hold their label. */
#ifndef CAM_TEXT_AUDIT_H
#define CAM_TEXT_AUDIT_H

#include "cam/status.h"
#include "dataset.h"
#include "strbuf.h"

/* Adds one line to `warnings` for each finding. Takes time linear in the texts. */
void cam_text_audit(const cam_dataset *dataset, cam_strbuf *warnings);

#endif
