/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The type names of the SCard API with the sizes that they have on Linux: DWORD,
 * ULONG and LONG are as wide as a pointer.  Elsewhere they have 32 bits.
 */
#ifndef __wintypes_h__
#define __wintypes_h__

#ifdef __cplusplus
extern "C" {
#endif

#ifndef BYTE
typedef unsigned char BYTE;
#endif
typedef unsigned char UCHAR;
typedef unsigned short USHORT;
typedef unsigned short WORD;
typedef short BOOL;
typedef unsigned long ULONG;
typedef unsigned long DWORD;
typedef long LONG;

typedef UCHAR *PUCHAR;
typedef ULONG *PULONG;
typedef DWORD *PDWORD;

typedef BYTE *LPBYTE;
typedef const BYTE *LPCBYTE;
typedef DWORD *LPDWORD;
typedef void *LPVOID;
typedef const void *LPCVOID;
typedef char *LPSTR;
typedef const char *LPCSTR;
typedef LPSTR LPTSTR;
typedef LPCSTR LPCTSTR;

#ifdef __cplusplus
}
#endif

#endif /* __wintypes_h__ */
