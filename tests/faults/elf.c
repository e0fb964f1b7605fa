// SPDX-License-Identifier: Apache-2.0
/*
 * The module's references to other modules are words in its own memory, filled in by the dynamic
 * linker and listed in the module's relocations. They are filled in once more here.
 */
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "wrappers.h"

#if __SIZEOF_POINTER__ == 8
#define RELOC_SYMBOL ELF64_R_SYM
#define RELOC_TYPE ELF64_R_TYPE
#else
#define RELOC_SYMBOL ELF32_R_SYM
#define RELOC_TYPE ELF32_R_TYPE
#endif
#if defined(__x86_64__)
static const unsigned word_types[] = {R_X86_64_JUMP_SLOT, R_X86_64_GLOB_DAT, R_X86_64_64};
#elif defined(__i386__)
static const unsigned word_types[] = {R_386_JMP_SLOT, R_386_GLOB_DAT, R_386_32};
#elif defined(__aarch64__)
static const unsigned word_types[] = {R_AARCH64_JUMP_SLOT, R_AARCH64_GLOB_DAT, R_AARCH64_ABS64};
#else
#error "which relocations hold the address of a function?"
#endif

struct module {
    const struct link_map *map;
    const ElfW(Sym) * symbols;
    const char *strings;
};

static char unknown[256];

const char *imports_unknown(void)
{
    return unknown[0] ? unknown : NULL;
}

static const ElfW(Dyn) * entry_of(const struct link_map *map, ElfW(Sxword) tag)
{
    const ElfW(Dyn) *entry = map->l_ld;
    while (entry->d_tag != DT_NULL && entry->d_tag != tag)
        entry++;
    return entry->d_tag == tag ? entry : NULL;
}

static const void *address_of(const struct link_map *map, ElfW(Sxword) tag)
{
    const ElfW(Dyn) *entry = entry_of(map, tag);
    return entry ? (const void *)(uintptr_t)entry->d_un.d_ptr : NULL;
}

static size_t number_of(const struct link_map *map, ElfW(Sxword) tag)
{
    const ElfW(Dyn) *entry = entry_of(map, tag);
    return entry ? (size_t)entry->d_un.d_val : 0;
}

static void put(const struct module *module, ElfW(Addr) offset, void *function)
{
    void **word = (void **)(uintptr_t)(module->map->l_addr + offset);
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    // The linker may have made it read-only.
    if (mprotect((void *)((uintptr_t)word & ~(page - 1)), page, PROT_READ | PROT_WRITE))
        abort();
    *word = function;
}

static void take(const struct module *module, ElfW(Addr) offset, ElfW(Xword) info)
{
    const ElfW(Sym) *symbol = &module->symbols[RELOC_SYMBOL(info)];
    const char *name = module->strings + symbol->st_name;
    void *wrapper;
    bool is_word = false;
    if (RELOC_SYMBOL(info) == 0 || symbol->st_shndx != SHN_UNDEF)
        return;
    if (wrapper_known_harmless(name))
        return;
    wrapper = wrapper_of(name);
    for (size_t i = 0; i < sizeof word_types / sizeof *word_types; i++)
        is_word |= RELOC_TYPE(info) == word_types[i];
    if (wrapper && is_word)
        put(module, offset, wrapper);
    else
        snprintf(unknown, sizeof unknown, "%s (relocation %u)", name, (unsigned)RELOC_TYPE(info));
}

static void take_table(const struct module *module, const char *table, size_t bytes, bool addends)
{
    const size_t size = addends ? sizeof(ElfW(Rela)) : sizeof(ElfW(Rel));
    // The beginnings of both are the same.
    for (size_t at = 0; at + size <= bytes; at += size) {
        ElfW(Rel) entry;
        memcpy(&entry, table + at, sizeof entry);
        take(module, entry.r_offset, entry.r_info);
    }
}

void imports_take(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    struct module module;
    struct link_map *map;
    if (!library || dlinfo(library, RTLD_DI_LINKMAP, &map)) {
        fprintf(stderr, "%s: %s\n", path, dlerror());
        abort();
    }
    module.map = map;
    module.symbols = address_of(map, DT_SYMTAB);
    module.strings = address_of(map, DT_STRTAB);
    take_table(&module, address_of(map, DT_JMPREL), number_of(map, DT_PLTRELSZ),
               number_of(map, DT_PLTREL) == DT_RELA);
    take_table(&module, address_of(map, DT_RELA), number_of(map, DT_RELASZ), true);
    take_table(&module, address_of(map, DT_REL), number_of(map, DT_RELSZ), false);
}
