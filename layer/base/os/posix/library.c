/* SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <string.h>
#include <sys/auxv.h>

#include "base/os/os.h"

struct ntf_library *ntf_library_open_system(const char *file_name)
{
    /* A name with a slash would be a path, relative to wherever the application happens to be. */
    if (file_name[0] == '\0' || strchr(file_name, '/'))
        return NULL;
    return (struct ntf_library *)dlopen(file_name, RTLD_NOW | RTLD_LOCAL);
}

struct ntf_library *ntf_library_open_path(const char *path)
{
    if (path[0] != '/')
        return NULL;
    return (struct ntf_library *)dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

void (*ntf_library_symbol(struct ntf_library *library, const char *symbol))(void)
{
    void *address = dlsym(library, symbol);
    void (*function)(void);

    /* POSIX promises that this works; C alone has no cast for it. */
    memcpy(&function, &address, sizeof function);
    return function;
}

void ntf_library_close(struct ntf_library *library)
{
    (void)dlclose(library);
}

bool ntf_os_pin_module(void)
{
    static ntf_au32 pinned; /* two threads may both do it: that only counts one reference more */
    Dl_info self, program;

    if (ntf_load(&pinned, NTF_RELAXED))
        return true;
    /* An object instead of this function: its address is a plain pointer. The program itself cannot be loaded, and
     * need not be: it stays. */
    if (dladdr(&pinned, &self) && dladdr((void *)(uintptr_t)getauxval(AT_ENTRY), &program) &&
        self.dli_fbase != program.dli_fbase && !dlopen(self.dli_fname, RTLD_NOLOAD | RTLD_NODELETE | RTLD_NOW))
        return false;
    ntf_store(&pinned, (uint32_t)1, NTF_RELAXED);
    return true;
}
