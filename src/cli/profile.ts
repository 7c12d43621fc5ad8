/**
 * Reads a profile out of the files `~/.aws/config` and `~/.aws/credentials`: its region, and its
 * keys where they stand there. Profiles that get their credentials in another way are told what to
 * do instead.
 *
 * @module
 */

/** What a profile gives. */
export interface Profile {
  readonly region?: string | undefined;
  readonly keys?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string | undefined;
  } | undefined;
  /** The setting by which the profile gets its credentials, where there are no keys. */
  readonly otherSource?: string | undefined;
}

type Section = Readonly<Record<string, string>>;

/** Settings that say where credentials come from, which needs more than these two files. */
const OTHER_SOURCES = [
  "sso_session",
  "sso_start_url",
  "role_arn",
  "credential_process",
  "credential_source",
  "login_session",
  "web_identity_token_file",
];

/**
 * Finds a profile.
 *
 * @param files the texts of the two files; `""` where there is none
 * @returns `undefined` where neither file has it
 */
export function findProfile(
  name: string,
  files: { readonly config: string; readonly credentials: string },
): Profile | undefined {
  const inConfig = sectionsOf(files.config);
  const config = inConfig.get(name === "default" ? "default" : `profile ${name}`) ??
    (name === "default" ? inConfig.get("profile default") : undefined);
  const credentials = sectionsOf(files.credentials).get(name);
  if (config === undefined && credentials === undefined) return undefined;
  const all: Section = { ...config, ...credentials };
  // Keys beside a role are those that assume it, and of somebody else.
  const isRole = all["role_arn"] !== undefined &&
    (all["source_profile"] !== undefined || all["credential_source"] !== undefined);
  const keys = isRole ? undefined : keysOf(credentials ?? {}) ?? keysOf(config ?? {});
  const otherSource = OTHER_SOURCES.find((setting) => all[setting] !== undefined);
  return { region: all["region"], keys, ...(keys === undefined && { otherSource }) };
}

function keysOf(section: Section): Profile["keys"] {
  const accessKeyId = section["aws_access_key_id"];
  const secretAccessKey = section["aws_secret_access_key"];
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: section["aws_session_token"] || undefined };
}

/** The sections of an INI file. Indented lines are settings of a setting, and are passed over. */
function sectionsOf(text: string): ReadonlyMap<string, Section> {
  const sections = new Map<string, Record<string, string>>();
  let section: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    if (/^\s*([#;]|$)/.test(line)) continue;
    const name = /^\[\s*(.*?)\s*\]/.exec(line)?.[1]?.replace(/\s+/g, " ");
    if (name !== undefined) {
      section = sections.get(name) ?? {};
      sections.set(name, section);
      continue;
    }
    const [, key, value] = /^([\w.-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) section[key.toLowerCase()] = value;
  }
  return sections;
}
