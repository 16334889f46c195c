/**
 * Encodes sequence numbers as text for notifications, whose payload is limited.
 *
 * @module
 */

/**
 * Encodes the numbers, ascending and with consecutive ones as ranges, in texts of at most
 * `maxLength` characters.
 */
export function writeSeqRanges(seqs: readonly number[], maxLength: number): readonly string[] {
  const texts: string[] = [];
  let text = "";
  for (const range of rangesOf(seqs)) {
    const longer = text === "" ? range : `${text},${range}`;
    if (longer.length > maxLength && text !== "") {
      texts.push(text);
      text = range;
    } else text = longer;
  }
  if (text !== "") texts.push(text);
  return texts;
}

/**
 * Decodes what {@link writeSeqRanges} wrote; undefined when the text is malformed or has more than
 * `maxCount` numbers.
 */
export function readSeqRanges(text: string, maxCount: number): readonly number[] | undefined {
  const seqs: number[] = [];
  for (const range of text.split(",")) {
    const [, start, end = start] = /^(\d{1,15})(?:-(\d{1,15}))?$/.exec(range) ?? [];
    if (start === undefined) return undefined;
    const [first, last] = [Number(start), Number(end)];
    if (last < first || seqs.length + last - first >= maxCount) return undefined;
    for (let seq = first; seq <= last; seq++) seqs.push(seq);
  }
  return seqs;
}

function rangesOf(seqs: readonly number[]): readonly string[] {
  const sorted = seqs.toSorted((a, b) => a - b);
  const ranges: string[] = [];
  let start = 0;
  for (let end = 0; end < sorted.length; end++) {
    if (sorted[end + 1] === sorted[end]! + 1) continue;
    ranges.push(start === end ? `${sorted[end]}` : `${sorted[start]}-${sorted[end]}`);
    start = end + 1;
  }
  return ranges;
}
