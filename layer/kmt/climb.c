/* SPDX-License-Identifier: Apache-2.0 */
/* What the rungs share: how answers are read, and what a refusal leads to. */
#include "kmt/climb.h"

enum ntf_result ntf_status_result(ntf_status status)
{
    switch (status) {
    case NTF_STATUS_SUCCESS:
        return NTF_OK;
    case NTF_STATUS_INVALID_HANDLE:
        return NTF_E_BAD_HANDLE;
    case NTF_STATUS_INVALID_PARAMETER:
    case NTF_STATUS_OBJECT_TYPE_MISMATCH:
        return NTF_E_WRONG_OBJECT;
    case NTF_STATUS_ACCESS_DENIED:
        return NTF_E_ACCESS_DENIED;
    case NTF_STATUS_NO_MEMORY:
        return NTF_E_NO_MEMORY;
    case NTF_STATUS_NOT_IMPLEMENTED:
    case NTF_STATUS_NOT_SUPPORTED:
        return NTF_E_UNSUPPORTED;
    case NTF_STATUS_OBJECT_NAME_NOT_FOUND:
        return NTF_E_NOT_FOUND;
    case NTF_STATUS_OBJECT_NAME_INVALID:
        return NTF_E_BAD_NAME;
    case NTF_STATUS_DEVICE_REMOVED:
        return NTF_E_LOST;
    default:
        return NTF_E_FAILED;
    }
}

enum ntf_climb_go ntf_climb_refuse(struct ntf_climb *climb, const char *step, ntf_status status, const char *detail,
                                   enum ntf_result result)
{
    ntf_trace_add(climb->trace, step, status, detail);
    if (status == NTF_STATUS_INVALID_HANDLE) {
        climb->result = result;
        return NTF_CLIMB_OVER;
    }
    if (result == NTF_E_NOT_FOUND || result == NTF_E_BAD_NAME || result == NTF_E_LOST)
        result = NTF_E_FAILED; /* odd answers to a handle */
    if (climb->result == NTF_E_WRONG_OBJECT)
        climb->result = result;
    return status == NTF_STATUS_OBJECT_TYPE_MISMATCH ? NTF_CLIMB_OTHER_KIND : NTF_CLIMB_NEXT;
}

enum ntf_climb_go ntf_climb_end(struct ntf_climb *climb, const char *step, ntf_status status, const char *detail,
                                enum ntf_result result)
{
    ntf_trace_add(climb->trace, step, status, detail);
    climb->result = result;
    return NTF_CLIMB_OVER;
}

void ntf_opened_close(struct ntf_opened *opened)
{
    struct ntf_mutex *mutex = opened->mutex;

    if (mutex && mutex->companion)
        mutex->companion->ops->close(mutex->companion);
    if (mutex)
        mutex->ops->close(mutex);
    if (opened->object)
        opened->object->ops->close(opened->object);
    *opened = (struct ntf_opened){NULL, NULL};
}
