/**
 * Re-exports what the program uses of commander, so that one file of the room imports the package.
 *
 * @module
 */

export { Argument, Command, CommanderError, InvalidArgumentError } from "commander";
