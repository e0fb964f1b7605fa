// SPDX-License-Identifier: Apache-2.0
// What a Direct3D 12 runtime that stands on Vulkan does with a handle: an instance and a device of its own, with
// whatever layers there are, and an import.
#ifndef NTF_TEST_D3D12_TRANSLATION_H
#define NTF_TEST_D3D12_TRANSLATION_H

#include <windows.h>

// Where the variable NTF_D3D12_TRANSLATES is set, and once: imports, and says on stderr what Vulkan has answered.
void translate(HANDLE handle);

#endif
