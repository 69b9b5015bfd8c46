/** Every word of the panel, in each of its languages. A key that one of them lacks does not compile. */

import type { Sentence } from "./problem";

export type Language = "en" | "zh-TW";

/** The name of one of the sentences, and what it names. */
export type Told<Sentences> = {
  [Name in keyof Sentences]: Sentences[Name] extends (...named: infer Named) => unknown
    ? readonly [Name, ...Named]
    : never;
}[keyof Sentences];

const en = {
  title: "A.V. Mapping",
  noSequence: "No sequence is open",
  scope: "Score",
  marked: "Marked in to out",
  whole: "Whole sequence",
  services: "Ask for",
  music: "Music",
  effects: "Sound effects",
  denoise: "Noise reduction",
  budget: (currency: string) => (currency === "" ? "Budget, at most" : `Budget, at most (${currency})`),
  budgetHint: "no limit",
  alternatives: "Alternatives laid muted",
  score: "Score",
  cancel: "Cancel",
  cancelling: "Cancelling…",
  importLast: "Last job",
  importLastHint: "Looks at the job that was begun last, also by an earlier run of Premiere Pro",
  folder: "Watch folder",
  chooseFolder: "Choose…",
  noFolderYet: "none yet",
  watched: "avm-otio is watching",
  notWatched: "nobody watches",
  unknownWatched: "looking…",
  howToWatch: "Run this and leave it open. The request waits there:",
  waiting: "Waiting for avm-otio",
  elapsed: (time: string) => `${time} elapsed`,
  /** What the program says that it does, where it is said otherwise in this language. */
  steps: {} as Readonly<Record<string, string>>,
  /** What the program warns of, where it is said otherwise in this language. */
  message: (said: string) => said,
  below: (count: number) => `▾ ${count} more below`,
  cues: (count: number) => (count === 1 ? "1 cue" : `${count} cues`),
  kinds: { music: "Music", effects: "Effect", dialogue: "Dialogue" },
  time: "Time",
  cueTitle: "Title",
  price: "Price",
  bought: "bought",
  included: "included",
  others: (count: number) => (count === 1 ? "1 alternative" : `${count} alternatives`),
  total: "Total",
  ofBudget: (budget: string) => `of ${budget}`,
  left: (amount: string) => `${amount} left`,
  over: (amount: string) => `Over budget by ${amount}`,
  asNew: "Import as new sequence",
  layInto: "Lay into this sequence",
  audition: "Audition…",
  /** Where Premiere Pro asks whether a page may be opened. */
  whyBrowse: "Opens the page of avm-otio on this machine, on which alternatives are heard and chosen.",
  laying: "Premiere Pro is at work…",
  opening: "The page is on its way…",
  back: "Back",
  budgetUsed: "Budget used",
  remarks: (count: number) => (count === 1 ? "1 remark" : `${count} remarks`),
  lost: (count: number) => (count === 1 ? "1 thing the XML cannot say" : `${count} things the XML cannot say`),
  problem: "That did not work",
  notes: {
    imported: (name: string, sounds: string) => `${name} is open: ${sounds} sounds.`,
    laid: (name: string, sounds: string) => `${name}: ${sounds} sounds laid and checked.`,
    gains: (sounds: string) => `The gain of these could not be set, set it by hand: ${sounds}.`,
    inPoints: (sounds: string) =>
      `These begin elsewhere in their files than they should, and exactly in the new sequence: ${sounds}.`,
    keys: () =>
      "Levels over time (music under speech) are in the new sequence only; here each clip has the level of its softest place: a panel cannot be sure where Premiere Pro counts key frames from.",
    crossFades: () => "The parts of a piece are cut here; their crossfades are in the new sequence only: a panel can add none to sound.",
    fades: () => "Fades are in the new sequence only: a panel cannot be sure where Premiere Pro counts key frames from.",
    speeds: (sounds: string) => `These play at a speed of their own in the new sequence only: ${sounds}.`,
    names: (names: string) => `Tracks can be named from Premiere Pro 26.3 on; from the top: ${names}.`,
    spare: (sounds: string) => `${sounds} alternatives lie on tracks of their own, disabled.`,
    audible: (sounds: string) => `These alternatives could not be disabled, disable them by hand: ${sounds}.`,
    dialogue: () => "The noise-reduced sound lies beside your own: mute one of them.",
    earlier: () => "Sounds of an earlier scoring are heard at the same place: mute or delete them.",
    auditioned: () =>
      "The page is open in your browser. Choose there and press Update the timeline: this list follows. Then import here.",
    updated: () => "The timeline was written with what you chose. Import it, or lay it.",
    cancelled: () => "Cancelled. What was paid for is kept: score again, and it goes on.",
  },
  problems: {
    noProject: () => ({ message: "No project is open.", hint: "Open one and run this again." }),
    noSequence: () => ({ message: "No sequence is open.", hint: "Open one and run this again." }),
    unsaved: () => ({ message: "The project was never saved.", hint: "Save it and run this again." }),
    nothingMarked: () => ({
      message: "Nothing is selected.",
      hint: "Mark in and out, or choose a clip, or score the whole sequence.",
    }),
    nothingAsked: () => ({ message: "Nothing is asked for.", hint: "Choose music, sound effects or noise reduction." }),
    badBudget: (typed) => ({ message: `${typed} is no amount of money.`, hint: "Write it like 250 or 99.50, or leave it empty." }),
    badAlternatives: (typed) => ({ message: `${typed} is no number of alternatives.`, hint: "Write a whole number from 0 to 99." }),
    noCall: (version, call, since) => ({
      message: `Premiere Pro ${version} has no ${call}: it is there from ${since} on.`,
      hint: "Until then: File › Export › Final Cut Pro XML, then  avm-otio score FILE.xml -o scored.xml --for premiere",
    }),
    notExported: (name) => ({
      message: `Premiere Pro did not export ${name} and does not say why.`,
      hint: "Save the project and run this again.",
    }),
    setUp: () => ({
      message: "The panel does not know its watch folder.",
      hint: "Choose it here, or run: avm-otio plugin install premiere",
    }),
    noFolder: (path) => ({
      message: `The watch folder ${path} is not there.`,
      hint: "Make it, or run: avm-otio plugin install premiere --watch-folder DIR",
    }),
    notWritten: (path, why) => ({
      message: `${path} could not be written (${why}).`,
      hint: "Choose another folder, or free some room on its disk.",
    }),
    tooOld: (version, needed) => ({
      message: `avm-otio ${version} is older than this panel (needs ${needed}).`,
      hint: "Update it: pip install -U avm-otio",
    }),
    noJob: (path) => ({ message: `No job was begun from Premiere Pro yet in ${path}.`, hint: "Choose Score." }),
    requestGone: (path) => ({ message: `${path} was deleted.`, hint: "Score again: what was paid for is kept." }),
    soundGone: (path) => ({ message: `The sound ${path} is not there.`, hint: "Score again: what was paid for is kept." }),
    otherRate: (name, rate) => ({
      message: `${name} does not run at ${rate} frames a second, as the scored sequence does.`,
      hint: "Open the sequence that was scored, or import as a new one.",
    }),
    notImported: (path) => ({
      message: `Premiere Pro did not import ${path} and does not say why.`,
      hint: "Try File › Import… with this file.",
    }),
    refused: (what, name) => ({
      message: `Premiere Pro refused to ${what} in ${name}.`,
      hint: "Unlock the sequence, undo what was laid, then try again.",
    }),
    missing: (missing, all, which) => ({
      message: `${missing} of ${all} sounds did not come where they belong: ${which}.`,
      hint: "Undo, then try again, or import as a new sequence.",
    }),
    nobodyWatches: (path) => ({
      message: `Nobody watches ${path}.`,
      hint: `Run  avm-otio watch "${path}"  and leave it open, then choose Audition again.`,
    }),
    notOpened: (why, address) => ({
      message: `Premiere Pro did not open the page in the browser: ${why}.`,
      hint: `Open it yourself, it is of use once: ${address}`,
    }),
    program: (message, hint) => ({ message, hint }),
    fault: (what) => ({ message: `A fault of this panel: ${what}`, hint: "Nothing is lost: choose Last job." }),
  } satisfies Record<string, (...named: string[]) => Sentence>,
};

export type Words = typeof en;

/** What avm-otio warns of while it works, and the same in Chinese. */
const WARNINGS: readonly (readonly [RegExp, string])[] = [
  [/^The service has the film no longer: it is sent again\.$/, "服務已沒有這部影片，重新上傳。"],
  [/^An earlier upload came through: film (\d+) is used\.$/, "先前的上傳已完成，沿用影片 $1。"],
  [/^The service found nothing to lay\.$/, "服務沒有找到可用的聲音。"],
  [/^Another run is at work on this job \((.+)\): waiting for it\.$/, "另一個執行正在處理此工作（$1），等候中。"],
  [/^Nests are opened, their clips lie in their place: (.+)\.$/, "巢狀序列已展開：$1。"],
  [/^(.+) does not list (.+) among what it takes in: (\d+) sounds? made into WAV\.$/, "$1 未列出 $2 格式：已將 $3 個聲音轉成 WAV。"],
  [/^Alternative left out: (.+)$/, "略過一個備選：$1"],
  [/^Left out\. (.+)$/, "已略過：$1"],
];

const zhTW: Words = {
  title: "A.V. Mapping",
  noSequence: "沒有開啟的序列",
  scope: "範圍",
  marked: "入點到出點",
  whole: "整個序列",
  services: "項目",
  music: "配樂",
  effects: "音效",
  denoise: "降噪",
  budget: (currency) => (currency === "" ? "預算上限" : `預算上限（${currency}）`),
  budgetHint: "不限",
  alternatives: "靜音備選數",
  score: "開始配樂",
  cancel: "取消",
  cancelling: "取消中…",
  importLast: "上次的工作",
  importLastHint: "查看最近一次的工作，包括上次開啟 Premiere Pro 時送出的",
  folder: "監看資料夾",
  chooseFolder: "選擇…",
  noFolderYet: "尚未設定",
  watched: "avm-otio 監看中",
  notWatched: "沒有程式在監看",
  unknownWatched: "確認中…",
  howToWatch: "請執行下列指令並保持開啟，要求會留在資料夾中等候：",
  waiting: "等候 avm-otio",
  elapsed: (time) => `已過 ${time}`,
  steps: {
    "Looking at the media": "檢視媒體",
    "Exporting the film": "輸出影片",
    "Waiting for another run": "等候另一個執行",
    "Uploading the film": "上傳影片",
    "Waiting for the service": "等候服務回覆",
    "Looking for what came of the paid call": "查詢已付費的要求",
    Downloading: "下載聲音",
    "Making the starter library": "製作內建聲音庫",
    "Converting sound": "轉換聲音",
    "Copying media": "複製媒體",
    Listening: "聆聽聲音",
    "Listening to the film": "聆聽影片",
    "Listening to the timeline": "聆聽時間軸",
    "Listening to the new cut": "聆聽新剪輯",
    "Listening to the library": "聆聽聲音庫",
    "Cutting the music": "剪輯配樂",
    Reading: "讀取檔案",
    "Looking up licences": "查詢授權",
    "Fetching licensed files": "下載授權檔案",
    "Making the picture": "製作畫面",
    "Writing the preview": "輸出預覽",
    "Drawing the picture": "繪製畫面",
    "Drawing the sound": "繪製波形",
    "Comparing sounds": "比對聲音",
    "Looking at the picture": "分析畫面",
    "Looking at the preview": "檢查預覽",
    "Reading the files": "讀取檔案",
    "Reading the timelines": "讀取時間軸",
    "Rendering sound at another speed": "轉換變速聲音",
    "Saying what is seen": "辨識畫面內容",
    "Summing up": "計算檢查碼",
    "Writing preview and stems": "輸出預覽與分軌",
    "Audition page": "試聽頁面",
  },
  message: (said) => {
    for (const [english, chinese] of WARNINGS) if (english.test(said)) return said.replace(english, chinese);
    return `英文訊息：${said}`;
  },
  below: (count) => `▾ 下方還有 ${count} 個`,
  cues: (count) => `${count} 個音樂音效點`,
  kinds: { music: "配樂", effects: "音效", dialogue: "對白" },
  time: "時間碼",
  cueTitle: "名稱",
  price: "價格",
  bought: "已購買",
  included: "免費",
  others: (count) => `${count} 個備選`,
  total: "合計",
  ofBudget: (budget) => `／預算 ${budget}`,
  left: (amount) => `尚餘 ${amount}`,
  over: (amount) => `超出預算 ${amount}`,
  asNew: "匯入為新序列",
  layInto: "鋪到目前序列",
  audition: "試聽備選…",
  whyBrowse: "開啟本機 avm-otio 的試聽頁面，可聆聽並選擇備選聲音。",
  laying: "Premiere Pro 處理中…",
  opening: "頁面開啟中…",
  back: "返回",
  budgetUsed: "預算使用情形",
  remarks: (count) => `${count} 則說明`,
  lost: (count) => `XML 無法表達的 ${count} 項內容`,
  problem: "無法完成",
  notes: {
    imported: (name, sounds) => `已開啟「${name}」：共 ${sounds} 個聲音。`,
    laid: (name, sounds) => `「${name}」：已鋪上並核對 ${sounds} 個聲音。`,
    gains: (sounds) => `以下聲音的音量無法設定，請手動調整：${sounds}。`,
    inPoints: (sounds) => `以下聲音在檔案中的起點有偏差，新序列中則準確：${sounds}。`,
    keys: () =>
      "隨時間變化的音量（對白下的配樂）只在新序列中；此處各片段採其最小音量：面板無法確定 Premiere Pro 的關鍵影格由何處起算。",
    crossFades: () => "此處配樂各段直接相接；交叉淡化只在新序列中：面板無法為聲音加上轉場。",
    fades: () => "淡入淡出只在新序列中：面板無法確定 Premiere Pro 的關鍵影格由何處起算。",
    speeds: (sounds) => `以下聲音僅在新序列中變速：${sounds}。`,
    names: (names) => `Premiere Pro 26.3 起才能命名音軌；由上而下依序為：${names}。`,
    spare: (sounds) => `${sounds} 個備選已停用，放在各自的音軌上。`,
    audible: (sounds) => `以下備選無法停用，請手動停用：${sounds}。`,
    dialogue: () => "降噪後的聲音與原本的聲音並存，請將其中之一靜音。",
    earlier: () => "先前配樂的聲音也在同一位置播放，請將其靜音或刪除。",
    auditioned: () => "頁面已在瀏覽器中開啟。請在該處選擇並按「更新時間軸」，此清單會隨之更新，再於此匯入。",
    updated: () => "時間軸已依您的選擇寫入，請匯入或鋪上。",
    cancelled: () => "已取消。已付費的內容會保留：再次開始即可接續。",
  },
  problems: {
    noProject: () => ({ message: "沒有開啟的專案。", hint: "請開啟專案後再試一次。" }),
    noSequence: () => ({ message: "沒有開啟的序列。", hint: "請開啟序列後再試一次。" }),
    unsaved: () => ({ message: "專案尚未儲存過。", hint: "請先儲存專案再試一次。" }),
    nothingMarked: () => ({ message: "沒有選取範圍。", hint: "請設定入點與出點，或選擇整個序列。" }),
    nothingAsked: () => ({ message: "沒有選擇任何項目。", hint: "請勾選配樂、音效或降噪。" }),
    badBudget: (typed) => ({ message: `「${typed}」不是金額。`, hint: "請輸入如 250 或 99.50，或留空。" }),
    badAlternatives: (typed) => ({ message: `「${typed}」不是備選數。`, hint: "請輸入 0 到 99 的整數。" }),
    noCall: (version, call, since) => ({
      message: `Premiere Pro ${version} 沒有 ${call}：${since} 版起才提供。`,
      hint: "在此之前：檔案 › 轉存 › Final Cut Pro XML，再執行  avm-otio score FILE.xml -o scored.xml --for premiere",
    }),
    notExported: (name) => ({ message: `Premiere Pro 未能轉存「${name}」，也沒有說明原因。`, hint: "請儲存專案後再試一次。" }),
    setUp: () => ({ message: "面板尚未設定監看資料夾。", hint: "請在此選擇，或執行：avm-otio plugin install premiere" }),
    noFolder: (path) => ({
      message: `找不到監看資料夾 ${path}。`,
      hint: "請建立該資料夾，或執行：avm-otio plugin install premiere --watch-folder DIR",
    }),
    notWritten: (path, why) => ({ message: `無法寫入 ${path}（${why}）。`, hint: "請改用其他資料夾，或清出磁碟空間。" }),
    tooOld: (version, needed) => ({
      message: `avm-otio ${version} 比此面板舊（需要 ${needed}）。`,
      hint: "請更新：pip install -U avm-otio",
    }),
    noJob: (path) => ({ message: `${path} 中還沒有由 Premiere Pro 送出的工作。`, hint: "請按「開始配樂」。" }),
    requestGone: (path) => ({ message: `${path} 已被刪除。`, hint: "請重新開始：已付費的內容會保留。" }),
    soundGone: (path) => ({ message: `找不到聲音檔 ${path}。`, hint: "請重新開始：已付費的內容會保留。" }),
    otherRate: (name, rate) => ({
      message: `「${name}」不是每秒 ${rate} 格，與配樂的序列不同。`,
      hint: "請開啟原本的序列，或匯入為新序列。",
    }),
    notImported: (path) => ({ message: `Premiere Pro 未能匯入 ${path}，也沒有說明原因。`, hint: "請試試 檔案 › 匯入… 選取此檔。" }),
    refused: (what, name) => ({
      message: `Premiere Pro 拒絕在「${name}」執行此步驟（${what}）。`,
      hint: "請解除鎖定，還原已鋪的聲音後再試一次。",
    }),
    missing: (missing, all, which) => ({
      message: `${all} 個聲音中有 ${missing} 個不在應有的位置：${which}。`,
      hint: "請還原後再試一次，或匯入為新序列。",
    }),
    nobodyWatches: (path) => ({
      message: `沒有程式在監看 ${path}。`,
      hint: `請執行  avm-otio watch "${path}"  並保持開啟，再按「試聽備選」。`,
    }),
    notOpened: (why, address) => ({
      message: `Premiere Pro 未能在瀏覽器中開啟頁面：${why}。`,
      hint: `請自行開啟此網址（僅能使用一次）：${address}`,
    }),
    program: (message, hint) => ({ message, hint }),
    fault: (what) => ({ message: `面板發生錯誤：${what}`, hint: "資料沒有遺失：請選「上次的工作」。" }),
  },
};

export const WORDS: Readonly<Record<Language, Words>> = { en, "zh-TW": zhTW };

/** The panel's language for a locale of the host: Chinese for all of `zh`, English for the rest. */
export const languageOf = (locale: string): Language => (/^zh\b/i.test(locale.replace("_", "-")) ? "zh-TW" : "en");

/** What was done, in the words of a language. */
export function note(words: Words, told: NoteTold): string {
  const [name, ...named] = told;
  return (words.notes[name] as (...named: string[]) => string)(...named);
}

export type NoteTold = Told<Words["notes"]>;
