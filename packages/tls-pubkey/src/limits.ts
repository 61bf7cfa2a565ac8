/** A certificate with an RSA key of 8,192 bits takes 3 kB; OpenSSL takes 100 kB of a client, its whole chain. */
export const MAX_CERTIFICATE_OCTETS = 32_768;

/** A file that somebody gives us with a key in it: perhaps a private key and a chain beside it. */
export const MAX_KEY_FILE_OCTETS = 131_072;

export const MIN_RSA_BITS = 2_048;
/** Signatures of larger keys cost everybody who verifies one more time than they add safety. */
export const MAX_RSA_BITS = 8_192;

/** Of the name in a certificate: ub-common-name (RFC 5280 appendix A.1). */
export const MAX_COMMON_NAME_CHARACTERS = 64;

/** Of the name that a program shows for an imported key. */
export const MAX_FRIENDLY_NAME_CHARACTERS = 100;

export const MAX_PKCS12_PASSWORD_CHARACTERS = 128;
