/* SPDX-License-Identifier: Apache-2.0 */
#include "base/result.h"

const char *ntf_result_name(enum ntf_result r)
{
    switch (r) {
    case NTF_OK: return "NTF_OK";
    case NTF_TIMEOUT: return "NTF_TIMEOUT";
    case NTF_NOT_READY: return "NTF_NOT_READY";
    case NTF_E_NO_MEMORY: return "NTF_E_NO_MEMORY";
    case NTF_E_BAD_HANDLE: return "NTF_E_BAD_HANDLE";
    case NTF_E_WRONG_OBJECT: return "NTF_E_WRONG_OBJECT";
    case NTF_E_NOT_FOUND: return "NTF_E_NOT_FOUND";
    case NTF_E_BAD_NAME: return "NTF_E_BAD_NAME";
    case NTF_E_ACCESS_DENIED: return "NTF_E_ACCESS_DENIED";
    case NTF_E_INVALID: return "NTF_E_INVALID";
    case NTF_E_UNSUPPORTED: return "NTF_E_UNSUPPORTED";
    case NTF_E_LOST: return "NTF_E_LOST";
    case NTF_E_COLLISION: return "NTF_E_COLLISION";
    case NTF_E_FAILED: return "NTF_E_FAILED";
    case NTF_E_ABANDONED: return "NTF_E_ABANDONED";
    }
    return "NTF_E_UNKNOWN"; /* no default above, so that the compiler names a forgotten result */
}
