/**
 * The library that reads the command line. Everything that the program uses of it is named here.
 *
 * @module
 */

export { Command, CommanderError, InvalidArgumentError } from "commander";
