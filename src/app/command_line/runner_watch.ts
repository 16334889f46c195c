/**
 * Detects that the `npx` which started this program has ended.
 *
 * `npx` passes a SIGTERM to the shell that it started. That shell ends without passing it on, so
 * the task runner below it, if any, and the program would run for ever. The program therefore watches
 * the chain of its ancestors up to `npx`.
 *
 * @module
 */

interface RunnerWatchOptions {
  readonly environment: Readonly<Record<string, string>>;
  /** The process whose ancestors are watched. Default: this one. */
  readonly pid?: number;
}

/**
 * What `npx deno run …` has its shell run: the name of one program, in quotes. It is a line of shell where
 * the operator wrote one (`npx -c`), and that may leave the program in the background on purpose.
 */
const ONE_PROGRAM = /^'?[\w@./-]+'?$/;

/** Exit code of the script when an ancestor has another parent than before. */
const GONE = 10;

/**
 * A shell script that checks the ancestors once a second. A child process is used because Deno lets
 * a program read `/proc` only with all permissions. Watched are the task runner, the shell and
 * `npx`, or without a task runner the shell and `npx`; the parent of `npx` may end. The second argument
 * says whether the program may have no task runner.
 */
const SCRIPT = `
parent_of() {
  if [ -r "/proc/$1/stat" ]; then
    read -r line <"/proc/$1/stat" || return
    set -- \${line##*) }
    parent=$2
  else
    parent=$(ps -o ppid= -p "$1" 2>/dev/null | tr -d ' ')
  fi
}
is_npx() {
  if [ -r "/proc/$1/cmdline" ]; then
    line=$(tr '\\0' ' ' <"/proc/$1/cmdline")
  else
    line=$(ps -o args= -p "$1" 2>/dev/null)
  fi
  case $line in "npm exec "*) true ;; *) false ;; esac
}
is_whole() { parent=; parent_of "$1"; [ "$parent" = "$2" ]; }
first=$1
parent_of "$first"; second=$parent
parent_of "$second"; third=$parent
if [ "$2" = direct ] && is_npx "$third"; then
  while is_whole "$first" "$second"; do
    is_whole "$second" "$third" || exit ${GONE}
    sleep 1
  done
  # Without a parent the program itself has ended.
  [ -z "$parent" ] || exit ${GONE}
  exit
fi
parent_of "$third"; fourth=$parent
[ -n "$fourth" ] || exit 1
while is_whole "$first" "$second"; do
  is_whole "$second" "$third" || exit ${GONE}
  is_whole "$third" "$fourth" || exit ${GONE}
  sleep 1
done
`;

/**
 * Calls `onGone` when an ancestor between this process and `npx` has ended. Does nothing unless
 * `npx` (or `npm exec`) started the process. Returns a function that ends the watch.
 */
export function watchRunner(options: RunnerWatchOptions, onGone: () => void): () => Promise<void> {
  const { environment, pid = Deno.pid } = options;
  if (environment["npm_command"] !== "exec" || Deno.build.os === "windows") {
    return () => Promise.resolve();
  }
  const isDirect = ONE_PROGRAM.test(environment["npm_lifecycle_script"] ?? "");
  const child = spawnWatch(pid, isDirect);
  if (child === undefined) return () => Promise.resolve();
  child.unref();
  const ended = child.status.then(({ code }) => {
    if (code === GONE) onGone();
  });
  return async () => {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
    await ended;
  };
}

/** Undefined where the program may not start others, or there is no shell. */
function spawnWatch(pid: number, isDirect: boolean): Deno.ChildProcess | undefined {
  try {
    return new Deno.Command("sh", {
      args: ["-c", SCRIPT, "sh", `${pid}`, isDirect ? "direct" : "line"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
  } catch {
    return undefined;
  }
}
