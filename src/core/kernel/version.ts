// The version of this release, as `--version`, `system.hello` and `status` tell it; a test holds it against package.json.

/** Semantic version of the package. */
export const VERSION = '0.1.0'
