/** What programs that call a sendmail understand: sysexits.h. */
export const EX_USAGE = 64;
export const EX_DATAERR = 65;
export const EX_NOUSER = 67;
export const EX_UNAVAILABLE = 69;
/** What was to be kept cannot be. */
export const EX_CANTCREAT = 73;
/** It may work later, and the message is kept till then. */
export const EX_TEMPFAIL = 75;
export const EX_PROTOCOL = 76;
export const EX_NOPERM = 77;
export const EX_CONFIG = 78;
