// SPDX-License-Identifier: Apache-2.0
#ifndef NTF_TEST_CONFORMANCE_RIGHTS_LIBRARY_H
#define NTF_TEST_CONFORMANCE_RIGHTS_LIBRARY_H

#include <stdint.h>

enum { RIGHTS_MAX = 16 };

// The access masks of D3DKMTShareObjects since the last call, in order; how many there were.
#define RIGHTS_EXPORT "ntf_test_rights"
typedef unsigned (*rights_fn)(uint32_t rights[RIGHTS_MAX]);

#endif
