/**
 * Reads TLS certificates and keys from files, and reads them again when the files change.
 *
 * @module
 */

import type { Clock, Timer } from "../../base/clock.ts";
import type { Log } from "../../base/log.ts";
import { messageOf } from "../../base/error_text.ts";
import {
  identityFault,
  TlsGate,
  type TlsGateOptions,
  type TlsMaterial,
} from "../../net/server/tls_gate.ts";
import { UnusableSetting } from "../settings/load_settings.ts";
import type { Settings } from "../settings/setting_list.ts";

const MS_PER_SECOND = 1000;

/** The permissions of those who are neither owner nor in the group. */
const OTHERS = 0o007;

const CERTIFICATES = "tls.certificate_files";
const KEYS = "tls.key_files";
const AUTHORITIES = "tls.client_authorities_file";

interface TlsFilesOptions extends TlsGateOptions {
  readonly settings: Settings["tls"];
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Updates a TLS gate when its files change. Unusable files, such as a certificate whose key has not
 * been written yet, are logged and read again after their next change.
 */
export class TlsFiles {
  readonly gate: TlsGate;
  readonly #options: TlsFilesOptions;
  #settings: Settings["tls"];
  #timer: Timer;
  /** Modification times, inodes and sizes of the files that were read last. */
  #version: string;

  /** Reads the files. Throws if one cannot be read or used. */
  constructor(options: TlsFilesOptions) {
    const { settings } = options;
    this.#options = options;
    this.#settings = settings;
    this.#version = versionOf(settings);
    this.gate = new TlsGate(readMaterial(settings), options);
    this.#timer = this.#startTimer();
  }

  /** Reads the files again if they have changed. */
  reload(): void {
    const { log } = this.#options;
    const settings = this.#settings;
    const version = versionOf(settings);
    if (version === this.#version) return;
    this.#version = version;
    try {
      this.gate.update(readMaterial(settings));
      log.info("certificates reloaded", { files: settings.certificate_files.join(", ") });
    } catch (error) {
      const reason = messageOf(error);
      log.error("certificates not reloaded, the previous ones remain in use", { reason });
    }
  }

  /**
   * Reads the files of new settings and returns a function that uses them from then on. Throws if one
   * cannot be read or used.
   */
  prepare(settings: Settings["tls"]): () => void {
    const version = versionOf(settings);
    const exchange = this.gate.prepare(readMaterial(settings));
    return () => {
      this.#settings = settings;
      this.#version = version;
      exchange();
      this.#timer.cancel();
      this.#timer = this.#startTimer();
    };
  }

  #startTimer(): Timer {
    const periodMs = this.#settings.reload_check_s * MS_PER_SECOND;
    return this.#options.clock.every(periodMs, () => this.reload());
  }

  /** Stops watching the files. */
  close(): void {
    this.#timer.cancel();
  }
}

/** Whether there are certificates. Keys without them count, so that they are refused. */
export function hasTlsFiles({ certificate_files, key_files }: Settings["tls"]): boolean {
  return certificate_files.length > 0 || key_files.length > 0;
}

/**
 * Checks that the certificates can be used, if there are any, and warns of keys that everybody may read.
 *
 * @throws UnusableSetting that names the first file that is missing or wrong
 */
export function checkTlsFiles(settings: Settings["tls"], log: Log): void {
  if (!hasTlsFiles(settings)) return;
  readMaterial(settings);
  for (const file of settings.key_files) {
    const { mode } = Deno.statSync(file);
    if (mode !== null && (mode & OTHERS) !== 0) log.warn(`others may read a key: chmod o= ${file}`);
  }
}

/** Throws an {@link UnusableSetting} that names the first file that is missing or wrong. */
function readMaterial(settings: Settings["tls"]): TlsMaterial {
  const { certificate_files, key_files, client_authorities_file } = settings;
  if (certificate_files.length !== key_files.length) {
    throw new UnusableSetting(KEYS, "needs as many files as tls.certificate_files");
  }
  const identities = certificate_files.map((file, at) => {
    const identity = { certificate: read(CERTIFICATES, file), key: read(KEYS, key_files[at]!) };
    const fault = identityFault(identity);
    if (fault !== undefined) {
      throw new UnusableSetting(
        CERTIFICATES,
        `${file} cannot be used with ${key_files[at]}: ${fault}`,
      );
    }
    return identity;
  });
  if (client_authorities_file === "") return { identities };
  const authorities = read(AUTHORITIES, client_authorities_file);
  const required = settings.client_certificates === "required";
  return { identities, clients: { authorities, required } };
}

function read(setting: string, file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (error) {
    throw new UnusableSetting(setting, `${file} cannot be read: ${messageOf(error)}`);
  }
}

/** A string that differs when a file has changed. Missing files are part of it. */
function versionOf(settings: Settings["tls"]): string {
  const { certificate_files, key_files, client_authorities_file } = settings;
  const files = [...certificate_files, ...key_files, client_authorities_file];
  return files.filter((file) => file !== "").map((file) => {
    try {
      const { mtime, ino, size } = Deno.statSync(file);
      return `${mtime?.getTime()} ${ino} ${size}`;
    } catch {
      return "missing";
    }
  }).join("\n");
}
