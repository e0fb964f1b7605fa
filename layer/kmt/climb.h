/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to kmt/: one climb of the ladder, and its rungs. A rung asks in its way whether the handle is something that
 * it opens, notes in the trace what it asked and what was answered, and says how to go on.
 *
 *   INVALID_PARAMETER      "not with these flags, not with this call": the next one is asked.
 *   OBJECT_TYPE_MISMATCH   the object manager's answer: what is behind the handle is of another type. Of the calls that
 *                          want this type none is asked any more; those that want another are.
 *   INVALID_HANDLE         there is nothing behind the handle: the climb is over.
 *
 * Any other refusal leads to the next call, and the first that says more than "wrong object" is what the caller hears.
 */
#ifndef NTF_KMT_CLIMB_H
#define NTF_KMT_CLIMB_H

#include "kmt/provider.h"

struct ntf_climb {
    struct ntf_kmt *kmt;
    ntf_handle handle; /* the caller's; live when the climb began */
    enum ntf_wanted wanted;
    struct ntf_trace *trace;
    enum ntf_result result;   /* so far; the first that says more than "wrong object" stays */
    struct ntf_opened opened; /* neither, or one of the two and the climb is over */
};

enum ntf_climb_go {
    NTF_CLIMB_NEXT,
    NTF_CLIMB_OTHER_KIND, /* to the next rung that opens another kind of object */
    NTF_CLIMB_OVER,
};

/* Notes a refusal, and says what follows from it. */
enum ntf_climb_go ntf_climb_refuse(struct ntf_climb *climb, const char *step, ntf_status status, const char *detail,
                                   enum ntf_result result);
/* Notes a refusal that ends the climb: it is known what the object is, and that it is not what was wanted. */
enum ntf_climb_go ntf_climb_end(struct ntf_climb *climb, const char *step, ntf_status status, const char *detail,
                                enum ntf_result result);

/* Opens the fence behind the handle as a monitored one, with the flag words in turn. Notes in the trace what was asked
 * (NULL: in none), and gives the object the rung's name. */
enum ntf_climb_go ntf_climb_monitored(struct ntf_climb *climb, enum ntf_rung rung);

/* The rungs. */
enum ntf_climb_go ntf_rung_soft(struct ntf_climb *climb);
enum ntf_climb_go ntf_rung_native(struct ntf_climb *climb);
enum ntf_climb_go ntf_rung_monitored(struct ntf_climb *climb);
enum ntf_climb_go ntf_rung_bundle(struct ntf_climb *climb);
enum ntf_climb_go ntf_rung_mutex(struct ntf_climb *climb);

/* Whether the handle is a resource's, as far as the kernel can say and the rungs go. A kernel may open the
 * synchronization object of a bundle by the handle of the bundle, as if it were that object's own. */
bool ntf_climb_is_resource(const struct ntf_climb *climb);

/* Closes what has been opened. */
void ntf_opened_close(struct ntf_opened *opened);

#endif /* NTF_KMT_CLIMB_H */
