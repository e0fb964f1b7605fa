/* SPDX-License-Identifier: Apache-2.0 */
/* Between the two files of the fake. */
#ifndef NTF_TEST_FAKE_PARTS_H
#define NTF_TEST_FAKE_PARTS_H

#include "base/os/compiler.h"
#include "base/os/os.h"
#include "fake.h"

#define EXPORT(Name, params, args, need) NTF_EXPORT ntf_status NTF_APIENTRY D3DKMT##Name params;
NTF_KMT_THUNKS(EXPORT)
#undef EXPORT

extern struct fake_control control;
extern struct ntf_lock lock; /* protects what calls change */
extern ntf_au64 shared;

/* A new local handle of a fence, and the address to give out, as the answer says. */
ntf_status fake_make(const struct fake_answer *answer, ntf_au64 *value, uint64_t initial, D3DKMT_HANDLE *handle,
                     void **address);
/* Where the value of a local handle is; NULL: it is none. Where that of the fence in a bundle is. */
ntf_au64 *fake_value_of(D3DKMT_HANDLE handle);
ntf_au64 *fake_companion(void);
/* Takes down a call of those that open. */
void fake_opened(char which);
bool fake_all_zero(const void *bytes, size_t count);
/* What an NT handle stands for. */
enum fake_kind fake_kind_of(ntf_handle handle);

#endif
