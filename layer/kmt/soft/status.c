/* SPDX-License-Identifier: Apache-2.0 */
#include "kmt/soft/object.h"

enum ntf_result soft_result_of(ntf_status status)
{
    static const enum ntf_result results[] = { NTF_OK,          NTF_E_NO_MEMORY, NTF_E_BAD_HANDLE, NTF_E_NOT_FOUND,
                                               NTF_E_BAD_NAME,  NTF_E_COLLISION, NTF_E_INVALID,
                                               NTF_E_ACCESS_DENIED, NTF_E_UNSUPPORTED };
    uint32_t i;

    for (i = 0; i < sizeof results / sizeof results[0]; i++)
        if (soft_status_of(results[i]) == status)
            return results[i];
    return NTF_E_FAILED;
}

ntf_status soft_status_of(enum ntf_result result)
{
    switch (result) {
    case NTF_OK:
        return NTF_STATUS_SUCCESS;
    case NTF_E_NO_MEMORY:
        return NTF_STATUS_NO_MEMORY;
    case NTF_E_BAD_HANDLE:
        return NTF_STATUS_INVALID_HANDLE;
    case NTF_E_WRONG_OBJECT:
        return NTF_STATUS_OBJECT_TYPE_MISMATCH;
    case NTF_E_NOT_FOUND:
        return NTF_STATUS_OBJECT_NAME_NOT_FOUND;
    case NTF_E_BAD_NAME:
        return NTF_STATUS_OBJECT_NAME_INVALID;
    case NTF_E_COLLISION:
        return NTF_STATUS_OBJECT_NAME_COLLISION;
    case NTF_E_ACCESS_DENIED:
        return NTF_STATUS_ACCESS_DENIED;
    case NTF_E_INVALID:
        return NTF_STATUS_INVALID_PARAMETER;
    case NTF_E_UNSUPPORTED:
        return NTF_STATUS_NOT_SUPPORTED;
    default:
        return NTF_STATUS_UNSUCCESSFUL;
    }
}
