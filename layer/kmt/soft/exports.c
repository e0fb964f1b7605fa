/* SPDX-License-Identifier: Apache-2.0 */
/* The stand-alone library: every name of the list, exported as the system's library has it. */
#include "base/os/compiler.h"
#include "kmt/soft/play.h"

/* Names that soft does not serve are there as well: a caller learns it from the status, as on an old system. */
#define EXPORT(Name, params, args, need)                                                           \
    NTF_EXPORT ntf_status NTF_APIENTRY D3DKMT##Name params;                                        \
    ntf_status NTF_APIENTRY D3DKMT##Name params                                                    \
    {                                                                                              \
        const struct ntf_kmt_thunks *thunks = ntf_play_thunks();                                   \
        return thunks->Name ? thunks->Name args : NTF_STATUS_NOT_SUPPORTED;                        \
    }
NTF_KMT_THUNKS(EXPORT)
