/**
 * What the process of a relay uses, as Linux tells it.
 *
 * @module
 */

/** Ticks of the processor time in /proc, a second: the same on all machines. */
const TICKS = 100;

/** Processor time so far, seconds; undefined where it cannot be known. */
export function processorSeconds(pid: number | undefined): number | undefined {
  const stat = read(pid, "stat");
  // The name of the program, in parentheses, may have spaces.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields && (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Resident memory, bytes; undefined where it cannot be known. */
export function residentBytes(pid: number | undefined): number | undefined {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(read(pid, "status") ?? "")?.[1];
  return kib === undefined ? undefined : Number(kib) * 1_024;
}

function read(pid: number | undefined, file: string): string | undefined {
  if (pid === undefined) return undefined;
  try {
    return Deno.readTextFileSync(`/proc/${pid}/${file}`);
  } catch {
    return undefined;
  }
}
