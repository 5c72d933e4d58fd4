/* SPDX-License-Identifier: Apache-2.0 */
/* exec_face: a program's words as a plugin's calls; see exec_face.c. */
#ifndef TOSD_POLICY_EXEC_FACE_H
#define TOSD_POLICY_EXEC_FACE_H

#include "policy/exec_proto.h"
#include "policy/face.h"

/* Declares the rules of a hello.  NULL, or why one is refused (until the next call). */
const char *policy_exec_declare(struct policy_face *f, const struct exec_hello *hello);

/* Puts the findings of a result into a report. */
void policy_exec_report(struct policy_face *f, const struct exec_event *ev,
    const struct tosd_item *item, struct tosd_report *r);

#endif
