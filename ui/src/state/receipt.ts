/** A receipt in words: what was proved of a result, and how. Pure; a receipt of another version says less. */
import { bytes, decimal } from '../format/numbers';
import type { Job, Outcome } from '../generated/api';
import { t } from '../words/words.svelte';

type Known = Record<string, unknown>;

const record = (value: unknown): Known => (typeof value === 'object' && value !== null ? (value as Known) : {});
const list = (value: unknown): Known[] => (Array.isArray(value) ? value.map(record) : []);

/** Sentences, the most important first. */
export function receiptWords(receipt: unknown, job: Job, outcome: Outcome): string[] {
  const words = t().receipt;
  const segments = list(record(receipt).segments);
  const carried = list(record(record(receipt).file).carried);
  const frames = decimal(outcome.frames);
  const sentences = [outcome.exact ? words.exact(frames) : words.notExact];
  if (segments.length > 0) sentences.push(...ofParts(segments, job));
  sentences.push(...beside(carried));
  if (job.sent_bytes > 0) sentences.push(words.travelled(bytes(job.sent_bytes), bytes(job.received_bytes)));
  return sentences;
}

function ofParts(segments: readonly Known[], job: Job): string[] {
  const words = t().receipt;
  const proofs = segments.map((one) => record(one.proof));
  const by = (who: string) => proofs.filter((proof) => proof.decoded_by === who).length;
  const compared = proofs.reduce((sum, proof) => sum + list(proof.compared).length, 0);
  const identical = segments.filter((one) => one.packets_identical === true).length;
  const makers = job.hands.filter((hand) => hand.segments > 0).map((hand) => `${hand.name} ${hand.segments}`);
  const sentences = [makers.length > 1 ? words.madeBy(segments.length, makers.join(', ')) : words.made(segments.length)];
  if (by('donor') + by('owner') === segments.length) sentences.push(words.decoded(by('donor'), by('owner')));
  if (identical > 0) sentences.push(words.packets(identical, segments.length));
  if (compared > 0) sentences.push(words.compared(compared));
  return sentences;
}

/** Sound, subtitles and what else travels beside the picture, by how it was found the same. */
function beside(carried: readonly Known[]): string[] {
  const words = t().receipt;
  const ways = { packets: words.samePackets, decoded: words.sameDecoded, text: words.sameText, encoded: words.encodedAnew, attached: words.attached };
  return Object.entries(ways).flatMap(([way, sentence]) => {
    const count = carried.filter((one) => one.same === way).length;
    return count > 0 ? [sentence(count)] : [];
  });
}
