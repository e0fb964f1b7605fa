/* SPDX-License-Identifier: Apache-2.0 */
/* The stable codes of the public header's list, by their names: ntf_reasons.IMPORT_TYPE is "NTF-IMPORT-006". */
#ifndef NTF_VULKAN_REASONS_H
#define NTF_VULKAN_REASONS_H

#include "ntfence.h"

struct ntf_reasons {
#define X(name, code, meaning) const char *name;
    NTFENCE_REASONS(X)
#undef X
};

static const struct ntf_reasons ntf_reasons = {
#define X(name, code, meaning) .name = code,
    NTFENCE_REASONS(X)
#undef X
};

#endif /* NTF_VULKAN_REASONS_H */
