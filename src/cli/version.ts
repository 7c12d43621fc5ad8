/**
 * Which version this is, for whoever asks the command. The packages' files say the same; a check holds
 * them together.
 *
 * @module
 */

/** The library's version. */
export const VERSION = "0.1.0";
