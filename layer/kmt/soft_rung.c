/* SPDX-License-Identifier: Apache-2.0 */
/* The rung that knows an object of soft by its class and header, whichever process and copy of soft has made it. */
#include "kmt/climb.h"
#include "kmt/soft/soft.h"

/* Of a bundle of soft what was wanted. */
static enum ntf_result open_bundle(struct ntf_climb *climb, ntf_status *status, const char **why)
{
    struct ntf_object *object = NULL;
    struct ntf_mutex *mutex = NULL;
    const enum ntf_result result = ntf_soft_open_bundle(climb->handle, climb->wanted == NTF_WANT_MUTEX ? NULL : &object,
                                                        climb->wanted == NTF_WANT_FENCE ? NULL : &mutex, status, why);

    if (result != NTF_OK)
        return result;
    if (mutex && object)
        object->ops->close(object); /* the mutex has it for a companion */
    climb->opened.mutex = mutex;
    climb->opened.object = mutex ? NULL : object;
    return NTF_OK;
}

static enum ntf_climb_go opened(struct ntf_climb *climb, const char *step)
{
    ntf_trace_add(climb->trace, step, NTF_STATUS_SUCCESS, "");
    return NTF_CLIMB_OVER;
}

static enum ntf_climb_go opened_fence(struct ntf_climb *climb)
{
    if (climb->wanted != NTF_WANT_MUTEX)
        return opened(climb, "soft: class");
    ntf_opened_close(&climb->opened);
    return ntf_climb_end(climb, "soft: class", NTF_STATUS_OBJECT_TYPE_MISMATCH, "a fence, not a keyed mutex",
                         NTF_E_WRONG_OBJECT);
}

enum ntf_climb_go ntf_rung_soft(struct ntf_climb *climb)
{
    ntf_status status = NTF_STATUS_SUCCESS, of_bundle = NTF_STATUS_SUCCESS;
    const char *why = "", *why_no_bundle = "";
    enum ntf_result result = ntf_soft_open_handle(climb->handle, &climb->opened.object, &status, &why), as_bundle;

    if (result == NTF_OK)
        return opened_fence(climb);
    if (result == NTF_E_WRONG_OBJECT) {
        as_bundle = open_bundle(climb, &of_bundle, &why_no_bundle);
        if (as_bundle == NTF_OK)
            return opened(climb, "soft: bundle");
        /* What is no bundle either has been told already by what it is. */
        if (of_bundle != NTF_STATUS_OBJECT_TYPE_MISMATCH && as_bundle != NTF_E_UNSUPPORTED) {
            result = as_bundle;
            status = of_bundle;
            why = why_no_bundle;
        }
    }
    ntf_trace_add(climb->trace, "soft: class", status, why);
    /* Only "no handle" is final here: what is no object of soft may be one of the kernel's. */
    if (climb->result == NTF_E_WRONG_OBJECT || result == NTF_E_BAD_HANDLE)
        climb->result = result;
    return result == NTF_E_BAD_HANDLE ? NTF_CLIMB_OVER : NTF_CLIMB_NEXT;
}
