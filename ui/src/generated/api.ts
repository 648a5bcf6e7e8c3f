// Written by `cargo xtask bindings` from crates/api. Do not edit.

/**
 * A computer that was away, or took nothing.
 */
export type Absence = { 
/**
 * From then.
 */
began_ms: number, 
/**
 * Until then; `null` while it lasts.
 */
ended_ms: number | null, 
/**
 * Why: "away", "in use".
 */
why: string, };

/**
 * How much of something.
 */
export type Amount = "light" | "medium" | "strong";

/**
 * An error as every shell shows it.
 */
export type ApiError = { 
/**
 * What a program may branch on.
 */
code: ErrorCode, 
/**
 * One sentence that says what is wrong. May quote file and computer names: show it as text only.
 */
message: string, 
/**
 * One sentence that says what to do; empty where there is nothing to do.
 */
help: string, };

/**
 * A key, without its secret.
 */
export type ApiKey = { 
/**
 * Its number.
 */
id: number, 
/**
 * What its user calls it.
 */
name: string, 
/**
 * What it is good for.
 */
scopes: Array<KeyScope>, 
/**
 * When it was made.
 */
created_ms: number, 
/**
 * When it was last used, to the minute.
 */
used_ms: number | null, };

/**
 * A part of the picture, pixels; even numbers.
 */
export type Area = { 
/**
 * 16..=16384.
 */
width: number, 
/**
 * 16..=16384.
 */
height: number, 
/**
 * From the left.
 */
left: number, 
/**
 * From the top.
 */
top: number, };

/**
 * A code that is shown.
 */
export type Asking = { 
/**
 * Who is asked.
 */
id: ComputerId, 
/**
 * What it calls itself.
 */
name: string, 
/**
 * Six digits in two groups. A secret while it lives: never log it.
 */
code: string, 
/**
 * Seconds that it is still good.
 */
left_s: number, 
/**
 * How often it may still be typed.
 */
tries: number, };

/**
 * What becomes of the sound.
 */
export type Audio = "copy" | "opus" | "aac";

/**
 * How far a film is that was sent to another computer.
 */
export type Away = { 
/**
 * Where it is.
 */
computer: ComputerId, 
/**
 * What that calls itself.
 */
name: string, 
/**
 * This computer helps with it.
 */
participates: boolean, 
/**
 * The result stays there until it is fetched.
 */
leaves: boolean, 
/**
 * What is being done.
 */
step: AwayStep, 
/**
 * Bytes moved in this step.
 */
moved: number, 
/**
 * Of so many; 0 if not known.
 */
of: number, };

/**
 * What is being done with a film that was sent to another computer.
 */
export type AwayStep = "waiting" | "sending" | "working" | "ready" | "fetching" | "checking";

/**
 * Measurements: the one that goes on, and those that are kept.
 */
export type Bench = { 
/**
 * The one that goes on.
 */
running: BenchProgress | null, 
/**
 * Why the last one came to nothing, until the next begins.
 */
failed: ApiError | null, 
/**
 * Those that are kept, newest first; at most 20.
 */
runs: Array<BenchRun>, 
/**
 * What is measured where no numbers of workers are given.
 */
usual: Array<number>, 
/**
 * A chain of filters that keeps every core busy, to measure with.
 */
demo: Filters, };

/**
 * What Amdahl's law says of more workers than were tried.
 */
export type BenchForecast = { 
/**
 * So many.
 */
workers: number, 
/**
 * How many times as fast.
 */
speed_up: number, };

/**
 * A measurement that goes on.
 */
export type BenchProgress = { 
/**
 * The film's name; `null` where a clip is made.
 */
film: string | null, 
/**
 * The numbers of workers, row by row.
 */
workers: Array<number>, 
/**
 * The rows that are there.
 */
rows: Array<BenchRow>, 
/**
 * How far the next one is, 0 to 1.
 */
progress: number, };

/**
 * One job with so many workers.
 */
export type BenchRow = { 
/**
 * So many.
 */
workers: number, 
/**
 * From start to end, seconds.
 */
wall_s: number, 
/**
 * How many times as fast as the first row.
 */
speed_up: number, 
/**
 * Which share of as many times the workers was reached.
 */
efficiency: number, 
/**
 * How busy the processor was, 0 to 1; `null` where it does not tell.
 */
cpu: number | null, 
/**
 * From the start to the complete index, seconds.
 */
analyse_s: number, 
/**
 * From the first part given out to the last one done, seconds.
 */
process_s: number, 
/**
 * From there to the output in its place, seconds.
 */
merge_s: number, 
/**
 * The serial share that explains it (Karp–Flatt); `null` for as many workers as in the first row.
 */
karp_flatt: number | null, 
/**
 * Frames of the output.
 */
frames: number, 
/**
 * Every one of them is proved.
 */
exact: boolean, };

/**
 * A measurement that is kept.
 */
export type BenchRun = { 
/**
 * When it began, milliseconds since 1970; no two alike.
 */
began_ms: number, 
/**
 * The film's name; `null` where a clip was made.
 */
film: string | null, 
/**
 * What was made of it.
 */
choice: Choice, 
/**
 * The processor.
 */
cpu: string, 
/**
 * Its threads.
 */
cores: number, 
/**
 * Manyhands'.
 */
version: string, 
/**
 * The rows, in the order in which they were measured.
 */
rows: Array<BenchRow>, 
/**
 * What they say together.
 */
summary: BenchSummary, };

/**
 * What the rows say together.
 */
export type BenchSummary = { 
/**
 * The share of the work that only one worker can do (Amdahl, fitted); `null` where the rows do not tell.
 */
serial_fraction: number | null, 
/**
 * The most that any number of workers can reach; `null` where there is no such number.
 */
limit: number | null, 
/**
 * Twice the most workers that were tried, and how many times as fast they would be.
 */
twice: BenchForecast | null, };

/**
 * Why a job was not faster. Percentages are of `whole_ms`; those of one computer's time are of `work_ms`.
 */
export type Cause = { "is": "waited", 
/**
 * For what.
 */
on: Wait, 
/**
 * So long.
 */
ms: number, 
/**
 * Of the whole.
 */
percent: number, } | { "is": "reading", 
/**
 * So long.
 */
ms: number, 
/**
 * Of the whole.
 */
percent: number, } | { "is": "transfer", 
/**
 * Which.
 */
computer: ComputerId, 
/**
 * Of its time.
 */
percent: number, 
/**
 * Bytes a second on the way to it, where that can be told.
 */
rate: number | null, } | { "is": "idle", 
/**
 * Which.
 */
computer: ComputerId, 
/**
 * Of its time.
 */
percent: number, 
/**
 * The film was still being read for places to cut, most of that time.
 */
cutting: boolean, } | { "is": "away", 
/**
 * Which.
 */
computer: ComputerId, 
/**
 * Of its time.
 */
percent: number, } | { "is": "late", 
/**
 * Which.
 */
computer: ComputerId, 
/**
 * So long after the first part was given out.
 */
ms: number, 
/**
 * Of its time; without that in which it was away.
 */
percent: number, } | { "is": "tail", 
/**
 * Who had it.
 */
computer: ComputerId, 
/**
 * Which part, from 0.
 */
segment: number, 
/**
 * So long.
 */
ms: number, 
/**
 * Of the whole.
 */
percent: number, 
/**
 * The part was much longer than the usual one: so many times.
 */
times: number | null, 
/**
 * Nobody of those at work encodes slower.
 */
slowest: boolean, } | { "is": "examining", 
/**
 * So long.
 */
ms: number, 
/**
 * Of the whole.
 */
percent: number, } | { "is": "lost", 
/**
 * So many.
 */
parts: number, 
/**
 * So long computers worked on them.
 */
ms: number, 
/**
 * Of all encoding.
 */
percent: number, } | { "is": "joining", 
/**
 * So long.
 */
ms: number, 
/**
 * Of the whole.
 */
percent: number, } | { "is": "alone", 
/**
 * Which.
 */
computer: ComputerId, };

/**
 * What is wanted. Everything has a default, so `{}` is a complete choice: smaller, balanced, same look.
 */
export type Choice = { 
/**
 * What the output is for; decides codec, container and quality where these are not given.
 */
purpose: Purpose, 
/**
 * The codec, where the purpose's own is not wanted.
 */
codec: Codec | null, 
/**
 * The encoder's own quality number (CRF or the like); lower is better and larger. 0..=63.
 */
quality: number | null, 
/**
 * How long to try for a smaller file of the same quality.
 */
speed: Speed, 
/**
 * One encoder on every computer, or each computer's fastest.
 */
encoders: Encoders, 
/**
 * What becomes of the sound, where "copied if the container takes it" is not wanted.
 */
audio: Audio | null, 
/**
 * Kilobits a second for sound that is encoded; 16..=640.
 */
audio_kbps: number | null, 
/**
 * The container, where the purpose's own is not wanted.
 */
container: Container | null, 
/**
 * What is changed about the picture.
 */
filters: Filters, 
/**
 * The output file; only with a single input.
 */
output: FilePath | null, 
/**
 * The folder for outputs, else beside each source.
 */
out_dir: FilePath | null, 
/**
 * Where outputs go, if neither `output` nor `out_dir` says it.
 */
place: Place, 
/**
 * Wait until this many other computers are there.
 */
wait_for: number, 
/**
 * Use this computer only.
 */
only_here: boolean, 
/**
 * Another computer owns the job: the film is sent there, worked on there, and the result comes back.
 */
on: On | null, 
/**
 * Decode the whole result here, rather than trust what the donors' decodes prove.
 */
paranoid: boolean, 
/**
 * Keep the job's working files when it ends.
 */
keep_temp: boolean, 
/**
 * Agree to everything that [`crate::Inspection::losses`] says will be lost or look different.
 */
yes: boolean, };

/**
 * What `clean` removed.
 */
export type Cleaned = { 
/**
 * Files and folders removed.
 */
removed: number, 
/**
 * Bytes that are free again.
 */
bytes: number, 
/**
 * Jobs whose working files were kept because they still go on or wait.
 */
kept_jobs: number, };

/**
 * A video codec that can be made.
 */
export type Codec = "h264" | "hevc" | "av1";

/**
 * A mistake in what was written.
 */
export type Complaint = { 
/**
 * In what: a file's name, or a variable's.
 */
source: string, 
/**
 * On which line of it, from 1.
 */
line: number | null, 
/**
 * What is wrong and what to do.
 */
says: string, };

/**
 * A computer.
 */
export type Computer = { 
/**
 * Who it is.
 */
id: ComputerId, 
/**
 * What its user calls it; empty where it hides that until it is paired.
 */
name: string, 
/**
 * What it does now.
 */
status: ComputerStatus, 
/**
 * It may be asked for help by this computer.
 */
helps_us: boolean, 
/**
 * This computer may be asked for help by it.
 */
we_help: boolean, 
/**
 * It lets this computer ask it, as it says; `None` where it is not there or does not say.
 */
lets_us: boolean | null, 
/**
 * It asks this computer when it has work, as it says; likewise.
 */
asks_us: boolean | null, 
/**
 * Its processor; empty if not known.
 */
cpu: string, 
/**
 * Processor threads; 0 if not known.
 */
cores: number, 
/**
 * Memory in megabytes; 0 if not known.
 */
memory_mb: number, 
/**
 * How busy it is; `None` where it is not there, or is too old to say so.
 */
load: Load | null, 
/**
 * What it encodes with, fastest first.
 */
encoders: Array<Encoder>, 
/**
 * The address of the connection, or the last one known.
 */
address: string | null, 
/**
 * Frames a second it delivers at the moment.
 */
speed_fps: number | null, 
/**
 * When it was last heard of, if it is not there.
 */
last_seen_ms: number | null, 
/**
 * The last trouble with it, in a sentence.
 */
trouble: string | null, 
/**
 * It takes whole films of this computer now.
 */
takes_films: boolean, };

/**
 * Identifies a computer: 64 hexadecimal digits, the SHA-256 of its certificate.
 */
export type ComputerId = string;

/**
 * What a computer does.
 */
export type ComputerStatus = { "is": "nearby" } | { "is": "offline" } | { "is": "other_identity", 
/**
 * Who that is; nearby, perhaps.
 */
presented: ComputerId, } | { "is": "not_helping" } | { "is": "measuring" } | { "is": "ready" } | { "is": "working", 
/**
 * Segments it has in hand.
 */
segments: number, } | { "is": "paused", 
/**
 * Why, in words.
 */
reason: string, } | { "is": "set_aside", 
/**
 * Why, in words.
 */
reason: string, };

/**
 * The file of the settings.
 */
export type Config = { 
/**
 * Where it is, or would be.
 */
path: FilePath, 
/**
 * Whether it is there.
 */
exists: boolean, 
/**
 * Why what was written into it last does not count, line by line; empty: it does.
 */
complaints: Array<Complaint>, 
/**
 * Everything that can be set there.
 */
keys: Array<ConfigKey>, };

/**
 * A key that gets another value.
 */
export type ConfigChange = { 
/**
 * Which: `web.port`.
 */
key: string, 
/**
 * Its value before, as the file has it; empty where nothing was set.
 */
before: string, 
/**
 * Its value after.
 */
after: string, };

/**
 * Where a value in effect comes from.
 */
export type ConfigFrom = { "is": "usual" } | { "is": "file" } | { "is": "variable", 
/**
 * Which: `MANYHANDS_WEB_PORT`.
 */
name: string, } | { "is": "this_time" };

/**
 * Something that can be set, and how that stands.
 */
export type ConfigKey = { 
/**
 * `web.port`.
 */
key: string, 
/**
 * Its value in effect as the file would say it; empty where nothing is set.
 */
value: string, 
/**
 * What holds where nothing is set, in words and Markdown.
 */
usual: string, 
/**
 * Where that comes from.
 */
from: ConfigFrom, };

/**
 * The kind of output file.
 */
export type Container = "mkv" | "mp4";

/**
 * Which part of the picture is kept.
 */
export type Crop = "auto" | { "to": Area };

/**
 * One day.
 */
export type Day = { 
/**
 * Days since 1970 where the node is.
 */
day: number, 
/**
 * What was done on it.
 */
totals: Totals, };

/**
 * What one computer did on one day, and what was done for it.
 */
export type DayShare = { 
/**
 * Days since 1970 where the node is.
 */
day: number, 
/**
 * Which computer.
 */
computer: ComputerId, 
/**
 * How long it encoded for this computer, seconds.
 */
work_s: number, 
/**
 * How long this computer encoded for it, seconds.
 */
given_s: number, };

/**
 * A stretch of work for another computer: what it was given and gave back, on one film or several alike.
 */
export type Deed = { 
/**
 * Whom it was done for.
 */
computer: ComputerId, 
/**
 * What that called itself then.
 */
name: string, 
/**
 * Segments delivered.
 */
segments: number, 
/**
 * Frames in them.
 */
frames: number, 
/**
 * Bytes of the film that came here.
 */
received_bytes: number, 
/**
 * Bytes of the results that went back.
 */
sent_bytes: number, 
/**
 * Seconds spent encoding.
 */
seconds: number, 
/**
 * When it began.
 */
began_ms: number, 
/**
 * When its last segment was delivered.
 */
ended_ms: number, };

/**
 * An encoder that was tried and works on some computer.
 */
export type Encoder = { 
/**
 * ffmpeg's name for it.
 */
name: string, 
/**
 * What it makes.
 */
codec: Codec, 
/**
 * It runs on a graphics card or the like.
 */
hardware: boolean, 
/**
 * Measured frames a second at 1080p.
 */
fps_1080p: number, 
/**
 * How many segments at once are fastest.
 */
seats: number, };

/**
 * Which encoders may work on one film.
 */
export type Encoders = "same" | "any";

/**
 * Why a call or a job failed. The number is the exit code of the command line.
 */
export type ErrorCode = "other" | "bad_request" | "no_such_file" | "is_folder" | "empty_file" | "not_a_video" | "no_video_track" | "encrypted" | "damaged" | "unreadable" | "source_changed" | "no_output_folder" | "output_read_only" | "no_space" | "would_lose" | "output_taken" | "no_ffmpeg" | "ffmpeg_too_old" | "no_encoder" | "encode_failed" | "not_proved" | "cancelled" | "no_such_job" | "not_now" | "not_worthwhile" | "bad_invite" | "invite_expired" | "invite_used" | "own_invite" | "unreachable" | "other_protocol" | "no_such_peer" | "wrong_identity" | "wrong_code" | "not_answered" | "node_running" | "no_node" | "bad_data_folder" | "cannot_listen" | "bad_config" | "no_such_key";

/**
 * Something is not as it was: here it is, whole.
 */
export type Event = { "is": "here", "what": Here } | { "is": "computer", "what": Computer } | { "is": "computer_gone", "what": ComputerId } | { "is": "job", "what": Job } | { "is": "job_gone", "what": JobId } | { "is": "pairing", "what": Pairing };

/**
 * What is in a file that can be encoded, and what the choice makes of it.
 */
export type Facts = { 
/**
 * Bytes.
 */
bytes: number, 
/**
 * Length in seconds, where the file says so.
 */
duration_s: number | null, 
/**
 * The picture in words: "1920×1080, 23.976 fps, HDR10".
 */
picture: string, 
/**
 * The other streams in words: "2 × sound, 3 × subtitles, chapters".
 */
others: string, 
/**
 * Where the output would be put.
 */
output: FilePath, 
/**
 * What the output would not keep or show differently, in sentences, each with the way out. Not empty:
 * `submit` needs `yes` in the choice.
 */
losses: Array<string>, 
/**
 * What else is worth knowing, in sentences.
 */
notes: Array<string>, };

/**
 * How a stint ended.
 */
export type Fate = "verified" | "lost" | "withdrawn" | "outrun" | "stopped";

/**
 * The ffmpeg in use.
 */
export type Ffmpeg = { "is": "looking" } | { "is": "found", 
/**
 * Its path.
 */
path: string, 
/**
 * Its version, as it says.
 */
version: string, 
/**
 * In words: from the settings, the one that came with the app, the system's.
 */
origin: string, } | { "is": "missing", 
/**
 * Why, and what to do.
 */
error: ApiError, };

/**
 * The figures of a stretch of days, and of all time.
 */
export type Figures = { 
/**
 * Today, in days since 1970 where the node is. The days end with it.
 */
today: number, 
/**
 * Of all time.
 */
ever: Totals, 
/**
 * Of these days together.
 */
total: Totals, 
/**
 * The days on which something was done, oldest first.
 */
days: Array<Day>, 
/**
 * The computers that did something on these days, the most work first.
 */
computers: Array<Worker>, 
/**
 * What each of them did on each of the days, oldest first.
 */
shares: Array<DayShare>, };

export type FilePath = string | { hex: string };

/**
 * What a picture is of.
 */
export type Film = { "is": "file", 
/**
 * The file.
 */
path: FilePath, 
/**
 * What is changed about its picture.
 */
filters: Filters, } | { "is": "source", 
/**
 * Which job.
 */
job: JobId, } | { "is": "result", 
/**
 * Which job.
 */
job: JobId, };

/**
 * What is changed about the picture, in this order; the default changes nothing. Whatever is chosen, the result's
 * frames are those that the filters make of the whole film.
 */
export type Filters = { 
/**
 * Two interlaced fields become one picture; does nothing to other films.
 */
deinterlace: boolean, 
/**
 * The edges of a coarse encode's blocks are smoothed.
 */
deblock: boolean, 
/**
 * What is kept of the picture as it is stored.
 */
crop: Crop | null, 
/**
 * Noise is taken away.
 */
denoise: Amount | null, 
/**
 * Every second frame is left out.
 */
half_rate: boolean, 
/**
 * HDR becomes SDR; does nothing to other films.
 */
sdr: boolean, 
/**
 * At most so many lines as the film is shown; 16..=8192. Never made larger.
 */
height: number | null, 
/**
 * Edges are made clearer.
 */
sharpen: Amount | null, 
/**
 * The picture is turned clockwise.
 */
rotate: Rotation | null, 
/**
 * Film grain that the player draws, 1..=50; only in AV1.
 */
grain: number | null, };

/**
 * One line of `doctor`.
 */
export type Finding = { 
/**
 * What was looked at: "ffmpeg", "encoder hevc_nvenc", "network".
 */
subject: string, 
/**
 * How it is.
 */
level: Level, 
/**
 * In a sentence.
 */
says: string, 
/**
 * What to do; empty where nothing is to be done.
 */
help: string, };

/**
 * How large a result gets and how long it takes: an estimate.
 */
export type Forecast = { 
/**
 * For which purpose.
 */
purpose: Purpose, 
/**
 * Most likely no smaller than this, bytes.
 */
bytes_low: number, 
/**
 * Most likely no larger than this, bytes.
 */
bytes_high: number, 
/**
 * Seconds with the computers that are there now, if any of them can.
 */
seconds: number | null, 
/**
 * Seconds for this computer alone, if it can.
 */
alone_s: number | null, 
/**
 * How many computers would work on it, this one included.
 */
computers: number, };

/**
 * What this computer has done for others.
 */
export type Given = { 
/**
 * Segments delivered.
 */
segments: number, 
/**
 * Frames in them.
 */
frames: number, 
/**
 * Bytes of the results.
 */
bytes: number, 
/**
 * Seconds spent encoding.
 */
seconds: number, 
/**
 * For how many computers.
 */
computers: number, };

/**
 * A computer's share in a job.
 */
export type Hand = { 
/**
 * Who.
 */
computer: ComputerId, 
/**
 * Its name.
 */
name: string, 
/**
 * Segments it has done.
 */
segments: number, 
/**
 * Segments it has in hand.
 */
working: number, 
/**
 * Frames it has done.
 */
frames: number, 
/**
 * Segments that it read itself, where the film lies on storage that both see.
 */
read_there: number, 
/**
 * Frames a second it delivers for this job.
 */
speed_fps: number | null, 
/**
 * What it encodes with: ffmpeg's name.
 */
encoder: string | null, 
/**
 * Why it does nothing at the moment, in words.
 */
paused: string | null, };

/**
 * How much of itself this computer gives.
 */
export type HelpMode = "polite" | "only_when_idle" | "all_in";

/**
 * When and how this computer helps.
 */
export type HelpRules = { 
/**
 * How much it gives.
 */
mode: HelpMode, 
/**
 * When; empty: always.
 */
hours: Array<Hours>, 
/**
 * It rests while one of these programs runs.
 */
programs: Array<string>, 
/**
 * Bytes that stay free on the disk; `null`: 20 GB, or a tenth of a smaller disk.
 */
keep_free: number | null, };

/**
 * How helping stands now.
 */
export type Helping = { 
/**
 * How much it gives.
 */
mode: HelpMode, 
/**
 * Why nothing new is begun for others.
 */
rest: Rest | null, 
/**
 * Parts that have begun for others.
 */
begun: number, 
/**
 * They stand still.
 */
stands_still: boolean, 
/**
 * With how many of its processor threads it helps, while it does.
 */
cores: number, 
/**
 * With how many at most while somebody uses it, where it is polite.
 */
half_cores: number, 
/**
 * It runs on its battery.
 */
on_battery: boolean, 
/**
 * And helps all the same, until it is plugged in.
 */
battery_too: boolean, 
/**
 * Helping is off, and what has begun for others is still finished.
 */
winding_down: boolean, };

/**
 * The node that answers.
 */
export type Here = { 
/**
 * This computer, as the others see it.
 */
computer: Computer, 
/**
 * The version of Manyhands.
 */
version: string, 
/**
 * Where it keeps its data.
 */
data_dir: string, 
/**
 * The addresses at which other computers reach it.
 */
listening: Array<string>, 
/**
 * Whether it helps other computers.
 */
donating: boolean, 
/**
 * How many of its processor threads they may use at most.
 */
given_cores: number, 
/**
 * How helping stands now.
 */
helping: Helping, 
/**
 * The ffmpeg it works with, or why there is none.
 */
ffmpeg: Ffmpeg, 
/**
 * How many other computers could start on a job now.
 */
ready: number, 
/**
 * Another computer has this one's identity, since a data folder was copied: that, in a sentence.
 */
twin: string | null, 
/**
 * What the user should know, in sentences; usually empty.
 */
notices: Array<string>, };

/**
 * A stretch of time on some days of each week, by this computer's clock.
 */
export type Hours = { 
/**
 * The days it begins on; at least one.
 */
days: Array<Weekday>, 
/**
 * When it begins, minutes of the day: 0 to 1439.
 */
from_min: number, 
/**
 * When it is over, minutes: 0 to 1440; where that is not later, on the next day.
 */
to_min: number, };

/**
 * What would become, or became, of the `config.json` of a simple AV1 farm.
 */
export type Import = { 
/**
 * What is set, key by key.
 */
changes: Array<ConfigChange>, 
/**
 * What else to know, in sentences: what is so already, what is left out and why.
 */
notes: Array<string>, };

/**
 * The outcome of looking at one file.
 */
export type Inspected = { "is": "fine" } & Facts | { "is": "refused", 
/**
 * Why, and what to do.
 */
error: ApiError, };

/**
 * What a file is and what would become of it, before anything is started.
 */
export type Inspection = { 
/**
 * The file.
 */
path: FilePath, 
/**
 * Its name.
 */
name: string, 
/**
 * What it is, or why it cannot be worked on.
 */
result: Inspected, };

/**
 * An invite: whoever redeems it first within its time is paired.
 */
export type Invite = { 
/**
 * The line to paste on the other computer. It holds a secret: never log it.
 */
text: string, 
/**
 * Seconds it is good for, from now.
 */
valid_s: number, 
/**
 * The line as a QR code: its rows, of which `1` is dark and `0` is light, without the light border of four.
 */
qr: Array<string>, };

/**
 * A job: one file on its way.
 */
export type Job = { 
/**
 * Which one.
 */
id: JobId, 
/**
 * The source's file name.
 */
name: string, 
/**
 * The source's path.
 */
source: FilePath, 
/**
 * Bytes of the source.
 */
source_bytes: number, 
/**
 * Length of the film in seconds, once known.
 */
duration_s: number | null, 
/**
 * The picture in words, once known: "1920×1080, 23.976 fps, HDR10".
 */
picture: string | null, 
/**
 * What was asked for.
 */
choice: Choice, 
/**
 * How it stands.
 */
state: JobState, 
/**
 * Its place among the jobs that are not over: 0 is served first. `None` where it is over, or interrupted.
 */
place: number | null, 
/**
 * Share of the work done, 0..=1; never falls.
 */
progress: number, 
/**
 * Frames encoded so far, verified or not; falls where a part is lost.
 */
frames_done: number, 
/**
 * Frames of the film, once the index is complete.
 */
frames_total: number | null, 
/**
 * Frames a second, all computers together.
 */
speed_fps: number | null, 
/**
 * Seconds to go, once that can be said.
 */
eta_s: number | null, 
/**
 * How many times faster than this computer alone, once that can be said.
 */
speed_up: number | null, 
/**
 * Seconds worked on it so far.
 */
elapsed_s: number, 
/**
 * The segments, in the order of the film; the film's end has none while the index is not complete.
 */
segments: Array<Segment>, 
/**
 * Who has a hand in it, most segments first.
 */
hands: Array<Hand>, 
/**
 * Bytes of the source sent to other computers for the segments that are done; retries and duplicates not counted.
 */
sent_bytes: number, 
/**
 * Bytes of results that came back for them.
 */
received_bytes: number, 
/**
 * What the user should know about it, in sentences.
 */
notes: Array<string>, 
/**
 * How long each stage has taken so far.
 */
stages: Stages, 
/**
 * When it was submitted.
 */
created_ms: number, 
/**
 * When it ended.
 */
finished_ms: number | null, 
/**
 * The original, if the output took its place.
 */
original: Original | null, 
/**
 * Another computer owns it: how far it is there. `null` for this computer's own, and once it is over.
 */
away: Away | null, 
/**
 * Whose film it is, where another computer sent it here: what that calls itself. `null` for this computer's own.
 */
sent_by: string | null, };

/**
 * Identifies a job within one data folder.
 */
export type JobId = number;

/**
 * How a job stands.
 */
export type JobState = { "is": "queued" } | { "is": "waiting_for_peers", 
/**
 * How many are there.
 */
present: number, 
/**
 * How many it waits for.
 */
wanted: number, } | { "is": "benchmarking" } | { "is": "processing" } | { "is": "paused", 
/**
 * Why, in words; empty when the user did it.
 */
reason: string, } | { "is": "combining" } | { "is": "completed", 
/**
 * What came of it.
 */
outcome: Outcome, } | { "is": "failed", 
/**
 * Why, and what to do.
 */
error: ApiError, } | { "is": "cancelled" };

/**
 * How long the original of a file that was replaced is kept.
 */
export type Keep = "always" | { "days": number } | "never";

/**
 * What a key is good for.
 */
export type KeyScope = "read" | "submit" | "files" | "control" | "admin" | "metrics";

/**
 * How a finding is.
 */
export type Level = "good" | "note" | "bad";

/**
 * The library as a whole.
 */
export type Library = { 
/**
 * A folder is being looked through.
 */
scan: LibraryScan | null, 
/**
 * Why nothing new is begun, in a sentence; `null`: nothing is in the way.
 */
holds: string | null, 
/**
 * The watched folders, in their order.
 */
folders: Array<LibraryFolder>, };

/**
 * Films of one state.
 */
export type LibraryCount = { 
/**
 * Which state.
 */
state: LibraryState, 
/**
 * How many.
 */
films: number, 
/**
 * Their bytes.
 */
bytes: number, };

/**
 * A film, and what rules would do with it.
 */
export type LibraryExample = { 
/**
 * Its path within the folder, with `/` between names.
 */
within: string, 
/**
 * Its size.
 */
bytes: number, 
/**
 * The rule that would take it; `null`: it would be left alone.
 */
rule: string | null, 
/**
 * Why it would be left alone; else the rules that would take it, too, if the first did not.
 */
says: string, };

/**
 * A film of the library.
 */
export type LibraryFile = { 
/**
 * Its number: what `library_retry` goes by.
 */
id: number, 
/**
 * Where.
 */
path: FilePath, 
/**
 * The watched folder it belongs to.
 */
folder: FilePath, 
/**
 * Its size.
 */
bytes: number, 
/**
 * How it stands.
 */
state: LibraryState, 
/**
 * Why, in a sentence; may be empty.
 */
reason: string, 
/**
 * The rule that takes it, or took it.
 */
rule: string | null, 
/**
 * The job that works on it, or did, while that is on the list.
 */
job: JobId | null, 
/**
 * How large its result was expected to get, bytes.
 */
forecast_bytes: number | null, 
/**
 * How large it got, bytes.
 */
result_bytes: number | null, 
/**
 * Its result.
 */
output: FilePath | null, 
/**
 * The proof of it.
 */
receipt: FilePath | null, 
/**
 * When its state last changed, Unix milliseconds.
 */
changed_ms: number, };

/**
 * Which films are asked for. Everything that is set has to be so.
 */
export type LibraryFilter = { 
/**
 * Standing so.
 */
state: LibraryState | null, 
/**
 * Of this watched folder.
 */
folder: FilePath | null, 
/**
 * Taken by the rule of this name.
 */
rule: string | null, 
/**
 * With this in their path, whatever the case.
 */
text: string | null, };

/**
 * A watched folder, and how its films stand.
 */
export type LibraryFolder = { 
/**
 * Where.
 */
path: FilePath, 
/**
 * What is wrong with it, in a sentence; `null`: nothing.
 */
trouble: string | null, 
/**
 * What else there is to know, in sentences.
 */
notes: Array<string>, 
/**
 * When it was last looked through to its end, Unix milliseconds.
 */
scanned_ms: number | null, 
/**
 * Changes in it are noticed at once.
 */
watched: boolean, 
/**
 * How many films there are of each state; states without any are left out.
 */
counts: Array<LibraryCount>, 
/**
 * Bytes of the films that were made smaller.
 */
done_bytes: number, 
/**
 * Bytes of what they became.
 */
result_bytes: number, };

/**
 * Some of the films, by path.
 */
export type LibraryPage = { 
/**
 * How many there are altogether.
 */
total: number, 
/**
 * Those that were asked for.
 */
files: Array<LibraryFile>, };

/**
 * What rules would take of a folder.
 */
export type LibraryPreview = { 
/**
 * Films in the folder.
 */
films: number, 
/**
 * And their bytes.
 */
bytes: number, 
/**
 * So many would be taken.
 */
takes: number, 
/**
 * Of so many bytes.
 */
takes_bytes: number, 
/**
 * That would become about so many.
 */
after_bytes: number, 
/**
 * Not all of them have been looked into: the numbers are reckoned from some.
 */
reckoned: boolean, 
/**
 * Some of each kind, by path.
 */
some: Array<LibraryExample>, };

/**
 * A rule: which files, and what is made of them.
 */
export type LibraryRule = { 
/**
 * What it is called; no other rule of the folder is called so.
 */
name: string, 
/**
 * It is passed over.
 */
off: boolean, 
/**
 * What it fits is left alone, whatever the rules after it say.
 */
leave: boolean, 
/**
 * Which files.
 */
take: LibraryTake, 
/**
 * What is made of them; an output's name, waiting for computers and the like have no place in a rule.
 */
make: Choice, 
/**
 * A result that saves less than so many percent is not kept, 0 to 90.
 */
least_saving: number, };

/**
 * Watched folders and their rules, as the user sets them.
 */
export type LibraryRules = { 
/**
 * When new work may begin; empty: always.
 */
hours: Array<Hours>, 
/**
 * The folders; those in front are served first. What is in one that lies within another is that one's alone.
 */
folders: Array<WatchedFolder>, };

/**
 * A folder is being looked through.
 */
export type LibraryScan = { 
/**
 * Which.
 */
folder: FilePath, 
/**
 * Films found in it so far.
 */
films: number, 
/**
 * Films looked into so far, of those that have to be.
 */
looked: number, };

/**
 * How a film of the library stands.
 */
export type LibraryState = "waiting" | "in_work" | "done" | "not_worthwhile" | "left" | "failed";

/**
 * What a file has to be like. Everything that is set has to be so.
 */
export type LibraryTake = { 
/**
 * Its name is as one of these, with `*` and `?`; with a `/` in it, its path within the folder is.
 */
names: Array<string>, 
/**
 * And as none of these.
 */
not_names: Array<string>, 
/**
 * It has at least so many bytes.
 */
min_bytes: number | null, 
/**
 * And at most so many.
 */
max_bytes: number | null, 
/**
 * It was last changed at least so many hours ago.
 */
older_than_h: number | null, 
/**
 * And no more than so many hours ago.
 */
newer_than_h: number | null, 
/**
 * Its picture has at least so many lines.
 */
min_height: number | null, 
/**
 * And at most so many.
 */
max_height: number | null, 
/**
 * Its codec is one of these, as ffmpeg calls them; empty: any.
 */
codecs: Array<string>, 
/**
 * And none of these.
 */
not_codecs: Array<string>, 
/**
 * Also what is in the codec already that would be made of it.
 */
right_codec_too: boolean, };

/**
 * How busy a computer is.
 */
export type Load = { 
/**
 * Of all its processors together, 0..=100 percent.
 */
cpu_percent: number, 
/**
 * Memory in use, megabytes.
 */
memory_used_mb: number, 
/**
 * How hot its processor is, degrees Celsius; `null` where it does not tell.
 */
celsius: number | null, };

/**
 * A key that was just made.
 */
export type MadeKey = { 
/**
 * It.
 */
key: ApiKey, 
/**
 * Its text, which is told this once. It is a secret: never log it.
 */
text: string, };

/**
 * An event and its number. Numbers of one node's run follow each other without a gap; a client that sees
 * one (or a number that falls: the node was started again) asks for a snapshot.
 */
export type Numbered = { 
/**
 * The event's number.
 */
seq: number, 
/**
 * What happened.
 */
event: Event, };

/**
 * The computer that owns a job.
 */
export type On = { 
/**
 * Its id, the first four or more digits of it, or its name.
 */
computer: string, 
/**
 * This computer helps with it, even while it does not donate.
 */
participate: boolean, 
/**
 * The result stays there until it is fetched.
 */
leave: boolean, };

/**
 * The original of a file that was replaced by its result.
 */
export type Original = { 
/**
 * The job that made the result.
 */
job: JobId, 
/**
 * The name it had.
 */
source: FilePath, 
/**
 * The result's name.
 */
output: FilePath, 
/**
 * Where it is while it is kept.
 */
kept: FilePath, 
/**
 * Bytes.
 */
bytes: number, 
/**
 * When it was replaced.
 */
replaced_ms: number, 
/**
 * When it may be deleted; `None`: only when somebody says so.
 */
until_ms: number | null, 
/**
 * How it stands.
 */
state: OriginalState, 
/**
 * Why it is still kept though its time is over, in a sentence.
 */
trouble: string | null, };

/**
 * How an original stands.
 */
export type OriginalState = "kept" | "restored" | "deleted" | "moving";

/**
 * A stretch of time in which a computer had parts of another job in hand.
 */
export type OtherWork = { 
/**
 * Of which job.
 */
job: JobId, 
/**
 * From then.
 */
began_ms: number, 
/**
 * Until then; `null` while it goes on.
 */
ended_ms: number | null, };

/**
 * What came of a completed job.
 */
export type Outcome = { 
/**
 * The output file.
 */
output: FilePath, 
/**
 * The receipt that proves it.
 */
receipt: FilePath, 
/**
 * Every frame of the source is in the output, in order, once, at its time: proved.
 */
exact: boolean, 
/**
 * The receipt's verdict in one sentence.
 */
verdict: string, 
/**
 * Frames in the output.
 */
frames: number, 
/**
 * Bytes of the output.
 */
bytes: number, 
/**
 * Seconds from start to end, in all runs, without the time in which it was held or the node did not run.
 */
wall_s: number, };

/**
 * What would become of a file, as far as that can be said before.
 */
export type Outlook = { 
/**
 * For the choice as it was given.
 */
chosen: Forecast, 
/**
 * For each purpose as it comes, in the order of [`Purpose`]'s variants.
 */
purposes: Array<Forecast>, };

/**
 * Pairing by code: the computer that wants help shows six digits, somebody types them on the other.
 */
export type Pairing = { 
/**
 * The code shown here.
 */
asking: Asking | null, 
/**
 * Who asks this computer for help: its code is to be typed here.
 */
request: Request | null, 
/**
 * Why nothing came of asking, the last time.
 */
refusal: PairingRefusal | null, };

/**
 * Why nothing came of asking a computer.
 */
export type PairingRefusal = { 
/**
 * Which.
 */
id: ComputerId, 
/**
 * Why.
 */
error: ApiError, };

/**
 * A folder that two computers see, each under its own name.
 */
export type PathPair = { 
/**
 * As other computers call it, with either slash.
 */
theirs: string, 
/**
 * As this one does.
 */
here: FilePath, };

/**
 * What a job does or waits for.
 */
export type PhaseKind = "probe" | "plan" | "sound" | "queued" | "gathering" | "measuring" | "encoding" | "held" | "stopped" | "joining" | "proving" | "placing";

/**
 * Where an output goes.
 */
export type Place = { "is": "beside" } | { "is": "tree", 
/**
 * The folder that all sources are in.
 */
root: FilePath, 
/**
 * The other one; folders that are missing in it are made.
 */
into: FilePath, } | { "is": "in_place", 
/**
 * For how long; `null`: as it is set.
 */
keep: Keep | null, };

/**
 * A choice with a name.
 */
export type Preset = { 
/**
 * Its name; 1 to 80 bytes, no two alike.
 */
name: string, 
/**
 * The choice.
 */
choice: Choice, };

/**
 * What the output is for.
 */
export type Purpose = "everywhere" | "smaller" | "smallest" | "keep";

/**
 * A completed job's receipt, as it stands in its file.
 */
export type Receipt = unknown;

/**
 * What becomes of the originals of files that are replaced by their results.
 */
export type Replace = { 
/**
 * Trying things out: every original is kept until somebody deletes it, whatever else is chosen.
 */
testing_mode: boolean, 
/**
 * How long they are kept where a job does not say.
 */
keep: Keep, };

/**
 * What `doctor` found.
 */
export type Report = { 
/**
 * The findings, in the order to read them.
 */
findings: Array<Finding>, };

/**
 * A computer that asks for help.
 */
export type Request = { 
/**
 * Which.
 */
id: ComputerId, 
/**
 * What it calls itself; nobody has proved that.
 */
name: string, 
/**
 * Seconds that its code is still good.
 */
left_s: number, 
/**
 * How often it may still be typed.
 */
tries: number, };

/**
 * What came of reading the file again.
 */
export type Reread = { 
/**
 * Keys with another value in effect than before.
 */
changed: Array<string>, 
/**
 * Those of them that count from the next start on.
 */
later: Array<string>, };

/**
 * Why a computer that helps rests, for its own user.
 */
export type Rest = { "is": "on_battery" } | { "is": "power_saver" } | { "is": "program", 
/**
 * As it is called in the list.
 */
name: string, } | { "is": "in_use" } | { "is": "untold" } | { "is": "other_load" } | { "is": "outside_hours" } | { "is": "low_disk" };

/**
 * A turn clockwise, degrees.
 */
export type Rotation = "90" | "180" | "270";

/**
 * One segment of the strip.
 */
export type Segment = { 
/**
 * Its number in the film, from 0.
 */
index: number, 
/**
 * Where it begins in the film, seconds; for drawing only.
 */
start_s: number, 
/**
 * Where it ends.
 */
end_s: number, 
/**
 * How it stands.
 */
state: SegmentState, 
/**
 * Who has it or made it.
 */
computer: ComputerId | null, 
/**
 * Share encoded, 0..=1.
 */
progress: number, 
/**
 * Attempts so far; more than one means that it was done again.
 */
attempts: number, };

/**
 * How a segment stands.
 */
export type SegmentState = "waiting" | "sent" | "encoding" | "checking" | "done" | "failed";

/**
 * What the user has set.
 */
export type Settings = { 
/**
 * What this computer is called on the others.
 */
name: string, 
/**
 * Only paired computers learn that name.
 */
hide_name: boolean, 
/**
 * Whether it helps the computers it is paired with.
 */
donating: boolean, 
/**
 * The computers it is paired with may send it whole films, while it helps.
 */
whole_films: boolean, 
/**
 * With how many of its processor threads at most; `null`: all of them.
 */
donate_cores: number | null, 
/**
 * When it helps, and how much of itself it gives.
 */
helping: HelpRules, 
/**
 * An ffmpeg to use instead of the one that came with the app.
 */
ffmpeg: FilePath | null, 
/**
 * The purpose that is preselected.
 */
purpose: Purpose, 
/**
 * The folder below which working files are kept; `null`: the data folder.
 */
temp: FilePath | null, 
/**
 * The most bytes of working files; `null`: no limit but the disk.
 */
temp_limit: number | null, 
/**
 * The most bytes a second that films and results may take in each direction; `null`: no limit.
 */
bandwidth: number | null, 
/**
 * Where other computers reach this one, from the next start on; `null`: 47820 or the next free one.
 */
port: number | null, 
/**
 * Where the page is served, from the next start on; `null`: 8090.
 */
web_port: number | null, 
/**
 * What becomes of the originals of files that are replaced.
 */
replace: Replace, 
/**
 * Watched folders and their rules.
 */
library: LibraryRules, 
/**
 * Films that others give work of are read where they lie, where this computer sees the same file.
 */
shared: Shared, };

/**
 * Films that others give work of are read where they lie, where this computer sees the same file.
 */
export type Shared = { 
/**
 * Whether they are.
 */
read: boolean, 
/**
 * Where they are looked for, beside network drives and the watched folders.
 */
folders: Array<FilePath>, 
/**
 * Folders that have other names on other computers.
 */
paths: Array<PathPair>, };

/**
 * Where to in the queue.
 */
export type Shift = "top" | "up" | "down" | "bottom";

/**
 * Everything there is to show, as of event number `seq`.
 */
export type Snapshot = { 
/**
 * The number of the last event that is contained in this.
 */
seq: number, 
/**
 * This computer's node.
 */
here: Here, 
/**
 * The other computers: paired ones first, then those only seen nearby.
 */
computers: Array<Computer>, 
/**
 * The jobs, newest first.
 */
jobs: Array<Job>, 
/**
 * Pairing by code, as far as it is under way.
 */
pairing: Pairing, };

/**
 * How much time the encoder takes.
 */
export type Speed = "fast" | "balanced" | "slow";

/**
 * The time of `work_ms` as one computer spent it, milliseconds. What went on at once counts as the first of these; but
 * where it rested and its encoder stood still for that, it was away.
 */
export type Spent = { 
/**
 * It encoded.
 */
encode: number, 
/**
 * It checked what it had encoded.
 */
check: number, 
/**
 * It waited for a part that was on the way.
 */
transfer: number, 
/**
 * It gave a result back.
 */
give_back: number, 
/**
 * It was away, or rested.
 */
away: number, 
/**
 * It had parts of other jobs in hand, and did nothing for this one.
 */
other: number, 
/**
 * A part lay there and waited for a seat.
 */
seat: number, 
/**
 * It had not been given anything yet.
 */
late: number, 
/**
 * It had nothing to do, though there were parts left.
 */
idle: number, 
/**
 * It had nothing to do, and no part was left.
 */
tail: number, };

/**
 * How long each stage of a job took, seconds. They overlap.
 */
export type Stages = { 
/**
 * From the start to the first segment handed out.
 */
first_segment_s: number, 
/**
 * From the start to the complete index.
 */
analyse_s: number, 
/**
 * From the first segment handed out to the last one verified.
 */
process_s: number, 
/**
 * From the last segment verified to the output in place.
 */
merge_s: number, };

/**
 * A picture of a film.
 */
export type Still = { 
/**
 * The time of the frame shown, seconds on the result's timeline.
 */
at_s: number, 
/**
 * The time of the frame after it; only of an exact picture that is not the last.
 */
next_s: number | null, 
/**
 * It, as a JPEG in Base64.
 */
jpeg: string, };

/**
 * One part in the hands of one computer, once.
 */
export type Stint = { 
/**
 * Which part, from 0.
 */
segment: number, 
/**
 * Its frames; 0 where that is not known any more.
 */
frames: number, 
/**
 * Which try of it.
 */
attempt: number, 
/**
 * Beside another computer that was slow with it.
 */
hedge: boolean, 
/**
 * In which row of its computer its encoding is drawn, from 0.
 */
lane: number, 
/**
 * When it was given out.
 */
given_ms: number, 
/**
 * When its source was there.
 */
delivered_ms: number | null, 
/**
 * When its encoder began.
 */
began_ms: number | null, 
/**
 * When its encoder was through.
 */
encoded_ms: number | null, 
/**
 * When the computer's own check of it was through, and the way back began.
 */
finished_ms: number | null, 
/**
 * When the result was back.
 */
returned_ms: number | null, 
/**
 * When it was over.
 */
ended_ms: number | null, 
/**
 * How; `null` while it goes on.
 */
fate: Fate | null, 
/**
 * Why, where it came to nothing.
 */
why: string, 
/**
 * Bytes of the film that travelled, where it came to something.
 */
sent_bytes: number, 
/**
 * Bytes of the result that travelled.
 */
received_bytes: number, };

/**
 * One file of a `submit`.
 */
export type Submitted = { 
/**
 * The file.
 */
path: FilePath, 
/**
 * The job, if it was taken.
 */
job: JobId | null, 
/**
 * Why not, if it was not.
 */
error: ApiError | null, };

/**
 * How the time of a job went. Times are milliseconds since it began, of one clock; what goes on has no end yet.
 */
export type Timeline = { 
/**
 * Which job.
 */
job: JobId, 
/**
 * It goes on: asked again, there is more.
 */
live: boolean, 
/**
 * When it began, milliseconds since 1970.
 */
began_ms: number, 
/**
 * When it ended, or now.
 */
until_ms: number, 
/**
 * So long without the time in which it was held or the node did not run.
 */
whole_ms: number, 
/**
 * Of that from the first part given out until the last one was there.
 */
work_ms: number, 
/**
 * What the job itself did; some of it goes on beside the rest.
 */
phases: Array<TimelinePhase>, 
/**
 * When nobody could work, as it was held or the node did not run: one after the other, none touches the next.
 */
pauses: Array<TimelinePause>, 
/**
 * The computers that had a hand in it, the most encoding first.
 */
computers: Array<TimelineComputer>, 
/**
 * Why it was not faster, the most important first; empty where nothing stands out.
 */
causes: Array<Cause>, 
/**
 * There was more than is kept: the end of it is missing.
 */
cut_short: boolean, };

/**
 * One computer's time.
 */
export type TimelineComputer = { 
/**
 * Which.
 */
computer: ComputerId, 
/**
 * What it called itself then.
 */
name: string, 
/**
 * It is the one that owned the job.
 */
here: boolean, 
/**
 * Parts of its that were good.
 */
parts: number, 
/**
 * Frames in them.
 */
frames: number, 
/**
 * Bytes a second of the film on the way to it, where that can be told.
 */
rate: number | null, 
/**
 * What it spent its time with.
 */
spent: Spent, 
/**
 * So many parts it encoded at once, at the most: rows to draw.
 */
lanes: number, 
/**
 * What it was given, in the order it was given out.
 */
stints: Array<Stint>, 
/**
 * When it had parts of other jobs in hand, one stretch after the other of each job.
 */
others: Array<OtherWork>, 
/**
 * When it was away, or took nothing.
 */
absences: Array<Absence>, };

/**
 * A stretch of time in which nobody could work.
 */
export type TimelinePause = { 
/**
 * From then.
 */
from_ms: number, 
/**
 * Until then.
 */
to_ms: number, };

/**
 * Something that a job did or waited for.
 */
export type TimelinePhase = { 
/**
 * What.
 */
kind: PhaseKind, 
/**
 * From then.
 */
began_ms: number, 
/**
 * Until then; `null` while it goes on.
 */
ended_ms: number | null, };

/**
 * What was done in a stretch of time.
 */
export type Totals = { 
/**
 * Films of this computer that were made, here or on another one that they were sent to.
 */
films: number, 
/**
 * Frames in them.
 */
frames: number, 
/**
 * Their bytes before.
 */
source_bytes: number, 
/**
 * Their bytes after.
 */
output_bytes: number, 
/**
 * How long they took from start to end, each by itself, seconds.
 */
wall_s: number, 
/**
 * How long computers encoded for this one, all together, seconds.
 */
work_s: number, 
/**
 * How long this computer encoded for others, seconds.
 */
given_s: number, };

/**
 * What a job waited for.
 */
export type Wait = "turn" | "computers" | "measuring";

/**
 * A folder that is watched, with everything below it.
 */
export type WatchedFolder = { 
/**
 * Where; a whole path.
 */
path: FilePath, 
/**
 * Nothing new is taken from it.
 */
off: boolean, 
/**
 * What changes in it is noticed at once, where its disk tells.
 */
on_change: boolean, 
/**
 * It is looked through every so many minutes; 0: only when asked.
 */
every_min: number, 
/**
 * A file is taken once its size and time have stayed the same for so many seconds.
 */
stable_s: number, 
/**
 * The first one that fits a file decides about it.
 */
rules: Array<LibraryRule>, };

/**
 * A day of the week.
 */
export type Weekday = "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun";

/**
 * The choices that are kept.
 */
export type Wishes = { 
/**
 * The choice made last; `None` before the first.
 */
last: Choice | null, 
/**
 * Those saved under a name, in the order to show them.
 */
presets: Array<Preset>, };

/**
 * What a computer did, and what was done for it.
 */
export type Worker = { 
/**
 * Which.
 */
computer: ComputerId, 
/**
 * What it called itself last.
 */
name: string, 
/**
 * It is this one.
 */
here: boolean, 
/**
 * Parts that it encoded for this computer.
 */
parts: number, 
/**
 * Frames in them.
 */
frames: number, 
/**
 * How long that took it, seconds.
 */
work_s: number, 
/**
 * Parts that this computer encoded for it.
 */
given_parts: number, 
/**
 * Frames in them.
 */
given_frames: number, 
/**
 * How long that took this one, seconds.
 */
given_s: number, };

/** What `{}` means. */
export const DEFAULT_CHOICE: Choice = {
  "purpose": "smaller",
  "codec": null,
  "quality": null,
  "speed": "balanced",
  "encoders": "same",
  "audio": null,
  "audio_kbps": null,
  "container": null,
  "filters": {
    "deinterlace": false,
    "deblock": false,
    "crop": null,
    "denoise": null,
    "half_rate": false,
    "sdr": false,
    "height": null,
    "sharpen": null,
    "rotate": null,
    "grain": null
  },
  "output": null,
  "out_dir": null,
  "place": {
    "is": "beside"
  },
  "wait_for": 0,
  "only_here": false,
  "on": null,
  "paranoid": false,
  "keep_temp": false,
  "yes": false
};

/** Every call: its name, its arguments, what comes back. */
export interface Calls {
  /** Everything there is to show, and the number of the last event contained in it. */
  snapshot: { args: Record<symbol, never>; reply: Snapshot };
  /** What these files are and what would become of them. Starts nothing. */
  inspect: { args: { 
/**
 * The files.
 */
paths: Array<FilePath>, 
/**
 * What is wanted.
 */
choice: Choice, }; reply: Array<Inspection> };
  /** Starts a job for each of these files, in this order. A file that cannot be taken does not stop the others. */
  submit: { args: { 
/**
 * The files.
 */
paths: Array<FilePath>, 
/**
 * What is wanted.
 */
choice: Choice, }; reply: Array<Submitted> };
  /** All jobs, newest first. */
  jobs: { args: Record<symbol, never>; reply: Array<Job> };
  /** One job. */
  job: { args: { 
/**
 * Which.
 */
id: JobId, }; reply: Job };
  /** The receipt of a completed job. */
  receipt: { args: { 
/**
 * Which job.
 */
id: JobId, }; reply: Receipt };
  /** Stops a job for good. What it has made so far is removed. */
  cancel: { args: { 
/**
 * Which job.
 */
id: JobId, }; reply: null };
  /** Holds a job; what it has made so far is kept. */
  pause: { args: { 
/**
 * Which job.
 */
id: JobId, }; reply: null };
  /** Goes on with a job that is held. */
  resume: { args: { 
/**
 * Which job.
 */
id: JobId, }; reply: null };
  /** Tries a failed or cancelled job again, with what it has made so far. Tells the job's number: another one where a cancelled job begins anew. */
  retry: { args: { 
/**
 * Which job.
 */
id: JobId, }; reply: JobId };
  /** Brings the result of a film that was sent away, and left there, here. */
  fetch: { args: { 
/**
 * Which job.
 */
id: JobId, }; reply: null };
  /** Moves a job in the queue. What is being encoded goes on; what is given out from now on goes by the new order. */
  reorder: { args: { 
/**
 * Which job.
 */
id: JobId, 
/**
 * Where to.
 */
to: Shift, }; reply: null };
  /** Takes a job that is over off the list. Its output stays. */
  forget: { args: { 
/**
 * Which job.
 */
id: JobId, }; reply: null };
  /** The originals of files that were replaced by their results, the newest first. */
  originals: { args: Record<symbol, never>; reply: Array<Original> };
  /** Puts the original back that a job's result replaced. The result is gone then. */
  undo: { args: { 
/**
 * Which job.
 */
id: JobId, }; reply: null };
  /** Deletes the original that a job's result replaced. */
  delete_original: { args: { 
/**
 * Which job.
 */
id: JobId, }; reply: null };
  /** The other computers, paired ones first. */
  peers: { args: Record<symbol, never>; reply: Array<Computer> };
  /** Makes an invite: one line that pairs the computer on which it is pasted. */
  invite: { args: Record<symbol, never>; reply: Invite };
  /** Redeems an invite that another computer made. */
  pair: { args: { 
/**
 * The line.
 */
invite: string, }; reply: Computer };
  /** Asks a computer that is near for help: shows a code, to be typed there. */
  ask: { args: { 
/**
 * Its id, the first four or more digits of it, or its name.
 */
id: string, }; reply: Asking };
  /** Takes that back. */
  withdraw: { args: Record<symbol, never>; reply: null };
  /** Types the code that a computer shows which asks for help. */
  answer: { args: { 
/**
 * Six digits; gaps do not matter.
 */
code: string, 
/**
 * This computer may ask that one for help, too.
 */
reverse: boolean, 
/**
 * Helping is turned on here, if it was off.
 */
donate: boolean, }; reply: Computer };
  /** Says no to the computer that asks for help. */
  decline: { args: { 
/**
 * And hears nothing more of it until the next start.
 */
block: boolean, }; reply: null };
  /** Changes what a paired computer and this one may ask of each other. What is withdrawn ends at once, also in the middle of a job. */
  set_rights: { args: { 
/**
 * Its id, the first four or more digits of it, or its name.
 */
id: string, 
/**
 * Whether this computer may ask it for help; `null`: as it was.
 */
helps_us: boolean | null, 
/**
 * Whether it may ask this computer for help; `null`: as it was.
 */
we_help: boolean | null, }; reply: Computer };
  /** Gives this computer a new identity from the next start on, for a data folder that was copied from another computer. All pairings end with the old one. */
  new_identity: { args: Record<symbol, never>; reply: null };
  /** Ends the pairing with a computer. */
  unpair: { args: { 
/**
 * Its id, the first four or more digits of it, or its name.
 */
id: string, }; reply: null };
  /** Looks for a computer at an address, and remembers the address. */
  connect: { args: { 
/**
 * `host:port`, or a host alone.
 */
address: string, }; reply: null };
  /** Turns helping the paired computers on, or off at once: what has begun for them is given back. */
  donate: { args: { 
/**
 * On or off.
 */
on: boolean, }; reply: null };
  /** Turns helping off once what has begun is done. */
  wind_down: { args: Record<symbol, never>; reply: null };
  /** Helps on the battery, too, until this computer is plugged in again. */
  help_on_battery: { args: { 
/**
 * Or not any more.
 */
on: boolean, }; reply: null };
  /** What the user has set. */
  settings: { args: Record<symbol, never>; reply: Settings };
  /** Sets it. */
  set_settings: { args: { 
/**
 * All of it.
 */
settings: Settings, }; reply: null };
  /** Where the settings are kept, and how that stands. */
  config: { args: Record<symbol, never>; reply: Config };
  /** Reads their file again, now. */
  reload_config: { args: Record<symbol, never>; reply: Reread };
  /** Takes over the `config.json` of a simple AV1 farm; or says what that would set. */
  import_config: { args: { 
/**
 * Its text.
 */
text: string, 
/**
 * Do it; else only say what would be done.
 */
apply: boolean, }; reply: Import };
  /** Looks at everything that may be wrong and says what to do about it. */
  doctor: { args: Record<symbol, never>; reply: Report };
  /** What is behind an address, in words: why a computer there is not seen. */
  reach: { args: { 
/**
 * `host:port`, or a host alone.
 */
address: string, }; reply: Report };
  /** Who made which part of a job's film, also long after it was over. */
  strip: { args: { 
/**
 * Which job.
 */
id: JobId, }; reply: Array<Segment> };
  /** How the time of a job went: what each computer did when, and why it was not faster. Of jobs that go on, and of the last thousand that are over. */
  timeline: { args: { 
/**
 * Which job.
 */
id: JobId, }; reply: Timeline };
  /** One picture of a film, small enough for a page. */
  still: { args: { 
/**
 * Of what.
 */
film: Film, 
/**
 * Where in it, seconds on the result's timeline.
 */
at_s: number, 
/**
 * The very frame shown then (for comparing), or a key frame near it (much quicker).
 */
exact: boolean, 
/**
 * The largest height, pixels; 16 to 2160.
 */
height: number, }; reply: Still };
  /** What each purpose would make of a file: how large it gets, and how long that takes now. */
  forecast: { args: { 
/**
 * The file.
 */
path: FilePath, 
/**
 * What is wanted.
 */
choice: Choice, 
/**
 * Try a few frames of the film for it, which takes some seconds the first time.
 */
closer: boolean, }; reply: Outlook };
  /** The choice made last, and those saved under a name. */
  wishes: { args: Record<symbol, never>; reply: Wishes };
  /** Keeps them. */
  set_wishes: { args: { 
/**
 * All of them.
 */
wishes: Wishes, }; reply: null };
  /** Films made and bytes saved day by day, and who worked for whom: of the last days, and of all time. */
  figures: { args: { 
/**
 * So many days, today included; 1 to 3660.
 */
days: number, }; reply: Figures };
  /** The measurement of one worker against several that goes on on this computer, and those that are kept. */
  bench: { args: Record<symbol, never>; reply: Bench };
  /** Begins to measure: each row is a whole job with so many workers. Only while nothing else goes on. */
  start_bench: { args: { 
/**
 * The film; `null`: a clip of a minute.
 */
film: FilePath | null, 
/**
 * The numbers of workers, 1 to 256, each measured once and the fewest first; none: 1, 2, 4, … up to the cores.
 */
workers: Array<number>, 
/**
 * What is made of it; where it goes is not for this.
 */
choice: Choice, }; reply: null };
  /** Stops measuring. What has been measured so far is not kept. */
  stop_bench: { args: Record<symbol, never>; reply: null };
  /** Forgets a measurement that is kept. */
  forget_bench: { args: { 
/**
 * When it began.
 */
began_ms: number, }; reply: null };
  /** What this computer has done for others so far. */
  given: { args: Record<symbol, never>; reply: Given };
  /** What this computer has done for others, a line for each stretch of work, newest first; at most 200. */
  deeds: { args: Record<symbol, never>; reply: Array<Deed> };
  /** The keys for programs, oldest first, without their secrets. */
  keys: { args: Record<symbol, never>; reply: Array<ApiKey> };
  /** Makes a key for a program. Its text is told this once. */
  new_key: { args: { 
/**
 * What to call it: 1 to 80 letters.
 */
name: string, 
/**
 * What it is good for; at least one.
 */
scopes: Array<KeyScope>, }; reply: MadeKey };
  /** Takes a key back: from now on it opens nothing. */
  revoke_key: { args: { 
/**
 * Its number.
 */
id: number, }; reply: null };
  /** Hands files to the window that shows this node, which offers them and comes to the front. */
  present: { args: { 
/**
 * The files; none only brings the window to the front.
 */
paths: Array<FilePath>, }; reply: null };
  /** A text for whoever helps: this machine, the check-up, the last jobs and log lines, without the names of people, computers, films, folders and addresses. */
  report: { args: Record<symbol, never>; reply: string };
  /** The watched folders, and how the films in them stand. */
  library: { args: Record<symbol, never>; reply: Library };
  /** Films of the watched folders, by path. */
  library_files: { args: { 
/**
 * Which.
 */
filter: LibraryFilter, 
/**
 * From this one on, counted from 0.
 */
offset: number, 
/**
 * So many at most; 500 at the very most.
 */
most: number, }; reply: LibraryPage };
  /** Has watched folders looked through now. */
  library_scan: { args: { 
/**
 * Which; `null`: all of them.
 */
folder: FilePath | null, }; reply: null };
  /** Has films tried again that failed, were not worthwhile or are done. Says how many there were. */
  library_retry: { args: { 
/**
 * Their numbers.
 */
files: Array<number>, 
/**
 * However little that saves.
 */
anyway: boolean, }; reply: number };
  /** What rules would take of what is in a folder now. Starts nothing, sets nothing. */
  library_preview: { args: { 
/**
 * The folder and its rules.
 */
folder: WatchedFolder, }; reply: LibraryPreview };
  /** Removes working files that no job needs any more. */
  clean: { args: Record<symbol, never>; reply: Cleaned };
}
