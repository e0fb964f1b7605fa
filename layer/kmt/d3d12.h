/* SPDX-License-Identifier: Apache-2.0 */
/* Private to kmt/: the last rung, which asks the Direct3D 12 runtime. */
#ifndef NTF_KMT_D3D12_H
#define NTF_KMT_D3D12_H

#include "kmt/climb.h"

/* Opens what ID3D12Device::OpenSharedHandle takes for a fence. Notes what it asked and what was answered. Unless the
 * setting names this rung, it says nothing of a handle that is not of the type that the kernel's fences have. */
enum ntf_climb_go ntf_d3d12_open(struct ntf_climb *climb);

#endif /* NTF_KMT_D3D12_H */
