// SPDX-License-Identifier: Apache-2.0
// A D3DKMT library that writes down with which rights handles are asked for; all else is soft's.
#include "rights_library.h"

#include "base/os/compiler.h"
#include "kmt/soft/soft.h"

static ntf_au32 count;
static ntf_au32 asked[RIGHTS_MAX];

static ntf_status NTF_APIENTRY share(uint32_t objects, const D3DKMT_HANDLE *list, ntf_object_attributes *attributes,
                                     uint32_t access, ntf_handle *out)
{
    const uint32_t i = ntf_fetch_add(&count, 1, NTF_RELAXED);
    if (i < RIGHTS_MAX)
        ntf_store(&asked[i], access, NTF_RELAXED);
    return ntf_soft_thunks()->ShareObjects(objects, list, attributes, access, out);
}

static struct ntf_kmt_thunks thunks(void)
{
    struct ntf_kmt_thunks thunks = *ntf_soft_thunks();
    thunks.ShareObjects = share;
    return thunks;
}

#define EXPORT(Name, params, args, need)                                                                     \
    NTF_EXPORT ntf_status NTF_APIENTRY D3DKMT##Name params;                                                  \
    ntf_status NTF_APIENTRY D3DKMT##Name params                                                              \
    {                                                                                                        \
        const struct ntf_kmt_thunks table = thunks();                                                        \
        return table.Name ? table.Name args : NTF_STATUS_NOT_SUPPORTED;                                      \
    }
NTF_KMT_THUNKS(EXPORT)

NTF_EXPORT unsigned ntf_test_rights(uint32_t rights[RIGHTS_MAX]);
unsigned ntf_test_rights(uint32_t rights[RIGHTS_MAX])
{
    const uint32_t found = ntf_exchange(&count, 0, NTF_RELAXED);
    for (uint32_t i = 0; i < found && i < RIGHTS_MAX; i++)
        rights[i] = ntf_load(&asked[i], NTF_RELAXED);
    return found;
}
