/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <stdio.h>
#include <windows.h>

const unsigned rig_cycles = 1000;
const bool rig_bundle_keeps_all = false;

ntf_handle rig_event_new(void)
{
    const HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);

    assert_non_null(event);
    return event;
}

bool rig_event_is_set(ntf_handle event)
{
    return WaitForSingleObject(event, 0) == WAIT_OBJECT_0;
}

void rig_event_take(ntf_handle event)
{
    assert_int_equal(WaitForSingleObject(event, INFINITE), WAIT_OBJECT_0);
    assert_true(ResetEvent(event));
}

void rig_handle_close(ntf_handle handle)
{
    assert_true(CloseHandle(handle));
}

void rig_yield(void)
{
    Sleep(0);
}

void rig_directory(char *buffer, size_t size)
{
    DWORD session = 0;

    assert_true(ProcessIdToSessionId(GetCurrentProcessId(), &session));
    if (session == 0)
        (void)snprintf(buffer, size, "\\BaseNamedObjects\\");
    else
        (void)snprintf(buffer, size, "\\Sessions\\%lu\\BaseNamedObjects\\", (unsigned long)session);
}
