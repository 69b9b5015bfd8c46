"use strict";
(() => {
  var __defProp = Object.defineProperty;
  var __defNormalProp = (obj, key, value) => key in obj ? __defProp(obj, key, { enumerable: true, configurable: true, writable: true, value }) : obj[key] = value;
  var __require = /* @__PURE__ */ ((x) => typeof require !== "undefined" ? require : typeof Proxy !== "undefined" ? new Proxy(x, {
    get: (a, b) => (typeof require !== "undefined" ? require : a)[b]
  }) : x)(function(x) {
    if (typeof require !== "undefined") return require.apply(this, arguments);
    throw Error('Dynamic require of "' + x + '" is not supported');
  });
  var __publicField = (obj, key, value) => __defNormalProp(obj, typeof key !== "symbol" ? key + "" : key, value);

  // src/money.ts
  var SCALE = 6;
  function units(text) {
    const [, sign = "", whole = "0", part = ""] = /^(-?)(\d+)(?:\.(\d{1,6}))?$/.exec(text) ?? [];
    return BigInt(`${sign}${whole}${part.padEnd(SCALE, "0")}`);
  }
  function less(one, other) {
    const left = units(one) - units(other);
    const digits = `${left < 0n ? -left : left}`.padStart(SCALE + 1, "0");
    const part = digits.slice(-SCALE).replace(/0{1,4}$/, "");
    return `${left < 0n ? "-" : ""}${digits.slice(0, -SCALE)}.${part}`;
  }
  function amount(typed) {
    const plain2 = typed.trim().replace(",", ".");
    if (plain2 === "") return null;
    return /^\d{1,9}(\.\d{1,6})?$/.test(plain2) ? plain2 : void 0;
  }

  // src/words.ts
  var en = {
    title: "A.V. Mapping",
    noSequence: "No sequence is open",
    scope: "Score",
    marked: "Marked in to out",
    whole: "Whole sequence",
    services: "Ask for",
    music: "Music",
    effects: "Sound effects",
    denoise: "Noise reduction",
    budget: (currency) => currency === "" ? "Budget, at most" : `Budget, at most (${currency})`,
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
    elapsed: (time) => `${time} elapsed`,
    /** What the program says that it does, where it is said otherwise in this language. */
    steps: {},
    /** What the program warns of, where it is said otherwise in this language. */
    message: (said) => said,
    below: (count) => `▾ ${count} more below`,
    cues: (count) => count === 1 ? "1 cue" : `${count} cues`,
    kinds: { music: "Music", effects: "Effect", dialogue: "Dialogue" },
    time: "Time",
    cueTitle: "Title",
    price: "Price",
    bought: "bought",
    included: "included",
    others: (count) => count === 1 ? "1 alternative" : `${count} alternatives`,
    total: "Total",
    ofBudget: (budget) => `of ${budget}`,
    left: (amount2) => `${amount2} left`,
    over: (amount2) => `Over budget by ${amount2}`,
    asNew: "Import as new sequence",
    layInto: "Lay into this sequence",
    audition: "Audition…",
    /** Where Premiere Pro asks whether a page may be opened. */
    whyBrowse: "Opens the page of avm-otio on this machine, on which alternatives are heard and chosen.",
    laying: "Premiere Pro is at work…",
    opening: "The page is on its way…",
    back: "Back",
    budgetUsed: "Budget used",
    remarks: (count) => count === 1 ? "1 remark" : `${count} remarks`,
    lost: (count) => count === 1 ? "1 thing the XML cannot say" : `${count} things the XML cannot say`,
    problem: "That did not work",
    notes: {
      imported: (name, sounds) => `${name} is open: ${sounds} sounds.`,
      laid: (name, sounds) => `${name}: ${sounds} sounds laid and checked.`,
      gains: (sounds) => `The gain of these could not be set, set it by hand: ${sounds}.`,
      inPoints: (sounds) => `These begin elsewhere in their files than they should, and exactly in the new sequence: ${sounds}.`,
      keys: () => "Levels over time (music under speech) are in the new sequence only; here each clip has the level of its softest place: a panel cannot be sure where Premiere Pro counts key frames from.",
      crossFades: () => "The parts of a piece are cut here; their crossfades are in the new sequence only: a panel can add none to sound.",
      fades: () => "Fades are in the new sequence only: a panel cannot be sure where Premiere Pro counts key frames from.",
      speeds: (sounds) => `These play at a speed of their own in the new sequence only: ${sounds}.`,
      names: (names) => `Tracks can be named from Premiere Pro 26.3 on; from the top: ${names}.`,
      spare: (sounds) => `${sounds} alternatives lie on tracks of their own, disabled.`,
      audible: (sounds) => `These alternatives could not be disabled, disable them by hand: ${sounds}.`,
      dialogue: () => "The noise-reduced sound lies beside your own: mute one of them.",
      earlier: () => "Sounds of an earlier scoring are heard at the same place: mute or delete them.",
      auditioned: () => "The page is open in your browser. Choose there and press Update the timeline: this list follows. Then import here.",
      updated: () => "The timeline was written with what you chose. Import it, or lay it.",
      cancelled: () => "Cancelled. What was paid for is kept: score again, and it goes on."
    },
    problems: {
      noProject: () => ({ message: "No project is open.", hint: "Open one and run this again." }),
      noSequence: () => ({ message: "No sequence is open.", hint: "Open one and run this again." }),
      unsaved: () => ({ message: "The project was never saved.", hint: "Save it and run this again." }),
      nothingMarked: () => ({
        message: "Nothing is selected.",
        hint: "Mark in and out, or choose a clip, or score the whole sequence."
      }),
      nothingAsked: () => ({ message: "Nothing is asked for.", hint: "Choose music, sound effects or noise reduction." }),
      badBudget: (typed) => ({ message: `${typed} is no amount of money.`, hint: "Write it like 250 or 99.50, or leave it empty." }),
      badAlternatives: (typed) => ({ message: `${typed} is no number of alternatives.`, hint: "Write a whole number from 0 to 99." }),
      noCall: (version, call, since) => ({
        message: `Premiere Pro ${version} has no ${call}: it is there from ${since} on.`,
        hint: "Until then: File › Export › Final Cut Pro XML, then  avm-otio score FILE.xml -o scored.xml --for premiere"
      }),
      notExported: (name) => ({
        message: `Premiere Pro did not export ${name} and does not say why.`,
        hint: "Save the project and run this again."
      }),
      setUp: () => ({
        message: "The panel does not know its watch folder.",
        hint: "Choose it here, or run: avm-otio plugin install premiere"
      }),
      noFolder: (path) => ({
        message: `The watch folder ${path} is not there.`,
        hint: "Make it, or run: avm-otio plugin install premiere --watch-folder DIR"
      }),
      notWritten: (path, why) => ({
        message: `${path} could not be written (${why}).`,
        hint: "Choose another folder, or free some room on its disk."
      }),
      tooOld: (version, needed) => ({
        message: `avm-otio ${version} is older than this panel (needs ${needed}).`,
        hint: "Update it: pip install -U avm-otio"
      }),
      noJob: (path) => ({ message: `No job was begun from Premiere Pro yet in ${path}.`, hint: "Choose Score." }),
      requestGone: (path) => ({ message: `${path} was deleted.`, hint: "Score again: what was paid for is kept." }),
      soundGone: (path) => ({ message: `The sound ${path} is not there.`, hint: "Score again: what was paid for is kept." }),
      otherRate: (name, rate) => ({
        message: `${name} does not run at ${rate} frames a second, as the scored sequence does.`,
        hint: "Open the sequence that was scored, or import as a new one."
      }),
      notImported: (path) => ({
        message: `Premiere Pro did not import ${path} and does not say why.`,
        hint: "Try File › Import… with this file."
      }),
      refused: (what, name) => ({
        message: `Premiere Pro refused to ${what} in ${name}.`,
        hint: "Unlock the sequence, undo what was laid, then try again."
      }),
      missing: (missing, all, which) => ({
        message: `${missing} of ${all} sounds did not come where they belong: ${which}.`,
        hint: "Undo, then try again, or import as a new sequence."
      }),
      nobodyWatches: (path) => ({
        message: `Nobody watches ${path}.`,
        hint: `Run  avm-otio watch "${path}"  and leave it open, then choose Audition again.`
      }),
      notOpened: (why, address) => ({
        message: `Premiere Pro did not open the page in the browser: ${why}.`,
        hint: `Open it yourself, it is of use once: ${address}`
      }),
      program: (message, hint) => ({ message, hint }),
      fault: (what) => ({ message: `A fault of this panel: ${what}`, hint: "Nothing is lost: choose Last job." })
    }
  };
  var WARNINGS = [
    [/^The service has the film no longer: it is sent again\.$/, "服務已沒有這部影片，重新上傳。"],
    [/^An earlier upload came through: film (\d+) is used\.$/, "先前的上傳已完成，沿用影片 $1。"],
    [/^The service found nothing to lay\.$/, "服務沒有找到可用的聲音。"],
    [/^Another run is at work on this job \((.+)\): waiting for it\.$/, "另一個執行正在處理此工作（$1），等候中。"],
    [/^Nests are opened, their clips lie in their place: (.+)\.$/, "巢狀序列已展開：$1。"],
    [/^(.+) does not list (.+) among what it takes in: (\d+) sounds? made into WAV\.$/, "$1 未列出 $2 格式：已將 $3 個聲音轉成 WAV。"],
    [/^Alternative left out: (.+)$/, "略過一個備選：$1"],
    [/^Left out\. (.+)$/, "已略過：$1"]
  ];
  var zhTW = {
    title: "A.V. Mapping",
    noSequence: "沒有開啟的序列",
    scope: "範圍",
    marked: "入點到出點",
    whole: "整個序列",
    services: "項目",
    music: "配樂",
    effects: "音效",
    denoise: "降噪",
    budget: (currency) => currency === "" ? "預算上限" : `預算上限（${currency}）`,
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
      "Audition page": "試聽頁面"
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
    left: (amount2) => `尚餘 ${amount2}`,
    over: (amount2) => `超出預算 ${amount2}`,
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
      keys: () => "隨時間變化的音量（對白下的配樂）只在新序列中；此處各片段採其最小音量：面板無法確定 Premiere Pro 的關鍵影格由何處起算。",
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
      cancelled: () => "已取消。已付費的內容會保留：再次開始即可接續。"
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
        hint: "在此之前：檔案 › 轉存 › Final Cut Pro XML，再執行  avm-otio score FILE.xml -o scored.xml --for premiere"
      }),
      notExported: (name) => ({ message: `Premiere Pro 未能轉存「${name}」，也沒有說明原因。`, hint: "請儲存專案後再試一次。" }),
      setUp: () => ({ message: "面板尚未設定監看資料夾。", hint: "請在此選擇，或執行：avm-otio plugin install premiere" }),
      noFolder: (path) => ({
        message: `找不到監看資料夾 ${path}。`,
        hint: "請建立該資料夾，或執行：avm-otio plugin install premiere --watch-folder DIR"
      }),
      notWritten: (path, why) => ({ message: `無法寫入 ${path}（${why}）。`, hint: "請改用其他資料夾，或清出磁碟空間。" }),
      tooOld: (version, needed) => ({
        message: `avm-otio ${version} 比此面板舊（需要 ${needed}）。`,
        hint: "請更新：pip install -U avm-otio"
      }),
      noJob: (path) => ({ message: `${path} 中還沒有由 Premiere Pro 送出的工作。`, hint: "請按「開始配樂」。" }),
      requestGone: (path) => ({ message: `${path} 已被刪除。`, hint: "請重新開始：已付費的內容會保留。" }),
      soundGone: (path) => ({ message: `找不到聲音檔 ${path}。`, hint: "請重新開始：已付費的內容會保留。" }),
      otherRate: (name, rate) => ({
        message: `「${name}」不是每秒 ${rate} 格，與配樂的序列不同。`,
        hint: "請開啟原本的序列，或匯入為新序列。"
      }),
      notImported: (path) => ({ message: `Premiere Pro 未能匯入 ${path}，也沒有說明原因。`, hint: "請試試 檔案 › 匯入… 選取此檔。" }),
      refused: (what, name) => ({
        message: `Premiere Pro 拒絕在「${name}」執行此步驟（${what}）。`,
        hint: "請解除鎖定，還原已鋪的聲音後再試一次。"
      }),
      missing: (missing, all, which) => ({
        message: `${all} 個聲音中有 ${missing} 個不在應有的位置：${which}。`,
        hint: "請還原後再試一次，或匯入為新序列。"
      }),
      nobodyWatches: (path) => ({
        message: `沒有程式在監看 ${path}。`,
        hint: `請執行  avm-otio watch "${path}"  並保持開啟，再按「試聽備選」。`
      }),
      notOpened: (why, address) => ({
        message: `Premiere Pro 未能在瀏覽器中開啟頁面：${why}。`,
        hint: `請自行開啟此網址（僅能使用一次）：${address}`
      }),
      program: (message, hint) => ({ message, hint }),
      fault: (what) => ({ message: `面板發生錯誤：${what}`, hint: "資料沒有遺失：請選「上次的工作」。" })
    }
  };
  var WORDS = { en, "zh-TW": zhTW };
  var languageOf = (locale) => /^zh\b/i.test(locale.replace("_", "-")) ? "zh-TW" : "en";
  function note(words, told) {
    const [name, ...named] = told;
    return words.notes[name](...named);
  }

  // src/problem.ts
  function sentence(words, told) {
    const [name, ...named] = told;
    return words.problems[name](...named);
  }
  var Problem = class extends Error {
    constructor(told) {
      const { message, hint } = sentence(WORDS.en, told);
      super(`${message} ${hint}`.trim());
      __publicField(this, "told", told);
    }
  };

  // src/time.ts
  var TICKS_A_SECOND = 254016000000n;
  var ticksOfUs = (us) => BigInt(us) * TICKS_A_SECOND / 1000000n;
  function ticksAFrame(rate) {
    const [frames = "", seconds = "1"] = rate.split("/");
    return TICKS_A_SECOND * BigInt(seconds) / BigInt(frames);
  }
  var DROPS = { "30": 2n, "60": 4n };
  function timecode(frame, frameTicks, isDrop) {
    const base = (TICKS_A_SECOND + frameTicks - 1n) / frameTicks;
    const drops = isDrop ? DROPS[`${base}`] : void 0;
    if (drops !== void 0) {
      const minute = base * 60n - drops;
      const tenMinutes = base * 600n - drops * 9n;
      const rest = frame % tenMinutes;
      const minutes = rest < drops ? 0n : (rest - drops) / minute;
      frame += drops * 9n * (frame / tenMinutes) + drops * minutes;
    }
    const seconds = frame / base;
    const two = (value) => `${value}`.padStart(2, "0");
    const clock2 = [seconds / 3600n, seconds / 60n % 60n, seconds % 60n].map(two).join(":");
    return `${clock2}${drops === void 0 ? ":" : ";"}${two(frame % base)}`;
  }

  // src/watch_folder.ts
  var NEEDS = "0.1.0";
  var LAST = "AVM Last Premiere Job.txt";
  var SILENCE_MS = 1750;
  var LOOK_MS = 250;
  var SERVICES = ["music", "effects", "denoise"];
  var everyClip = ({ clips, spare_clips = [] }) => [...clips, ...spare_clips];
  var piecesOf = ({ clips }) => clips.filter(({ part = 0 }) => part === 0);
  var inside = (folder, name) => folder.replace(/[\\/]+$/, "") + (folder.includes("\\") ? "\\" : "/") + name;
  async function readJson(files, path) {
    const text = await files.read(path);
    if (text === null) return null;
    try {
      const found = JSON.parse(text);
      return typeof found === "object" ? found : null;
    } catch {
      return null;
    }
  }
  function isOlder(version, than) {
    const [one, other] = [version, than].map((text) => (text.match(/\d+/g) ?? []).map(Number));
    for (let at = 0; at < 3; at++) {
      const [ours, theirs] = [one?.[at] ?? 0, other?.[at] ?? 0];
      if (ours !== theirs) return ours < theirs;
    }
    return false;
  }
  var WatchFolder = class {
    constructor(files, path, pause) {
      __publicField(this, "files", files);
      __publicField(this, "path", path);
      __publicField(this, "pause", pause);
    }
    /** Says so where it is not there. */
    async check() {
      if (!await this.files.isFolder(this.path)) throw new Problem(["noFolder", this.path]);
    }
    /**
     * Whether somebody watches: two readings of the watcher's file, a little apart, differ. Nobody's clock is asked.
     * Takes two seconds at the most.
     */
    async isWatched() {
      const path = inside(this.path, "watcher.json");
      const before = await this.files.read(path);
      if (before === null) return false;
      for (let waited = 0; waited < SILENCE_MS; waited += LOOK_MS) {
        await this.pause(LOOK_MS);
        const after = await this.files.read(path);
        if (after === null || after === before) continue;
        const version = (await readJson(this.files, path))?.program ?? "";
        if (version !== "" && isOlder(version, NEEDS)) throw new Problem(["tooOld", version, NEEDS]);
        return true;
      }
      return false;
    }
    /** What budgets and prices are in, as the watcher says; empty where it does not. */
    async currency() {
      return (await readJson(this.files, inside(this.path, "watcher.json")))?.currency ?? "";
    }
    /**
     * Leaves a request.
     *
     * @param name Of the sequence; what no file system takes is replaced.
     * @param stamp Tells requests of one name apart.
     * @param order What is asked.
     * @param exportTo Writes the sequence to a path.
     */
    async leave(name, stamp, order, exportTo) {
      const plain2 = `${name.replace(/[^\p{L}\p{N}_ -]+/gu, "_").trim().slice(0, 60) || "sequence"} ${stamp}`;
      const whole = { timeline: "cut.xml", output: "scored.xml", editor: "premiere", ...order };
      return this.left(plain2, whole, async (request) => {
        await exportTo(inside(request.folder, "cut.xml"));
        const last = inside(this.path, LAST);
        await this.write(() => this.files.write(last, `${request.name}
`), last);
      });
    }
    /**
     * Leaves a request for the audition page.
     *
     * @param scored Whose page.
     * @param stamp Tells requests of one name apart.
     */
    askForPage(scored, stamp) {
      return this.left(`Audition ${scored.name} ${stamp}`, { audition: scored.name }, async () => void 0);
    }
    async left(name, order, prepare) {
      await this.check();
      let folder = inside(this.path, name);
      for (let number = 2; await this.files.isFolder(folder); number++) folder = inside(this.path, `${name} ${number}`);
      await this.write(() => this.files.makeFolder(folder), folder);
      const request = new Request(this.files, folder);
      await prepare(request);
      const part = inside(folder, "request.part");
      await this.write(() => this.files.write(part, `${JSON.stringify(order)}
`), part);
      await this.write(() => this.files.rename(part, inside(folder, "request.json")), folder);
      return request;
    }
    /** The request that was left last, by whichever run of Premiere Pro. */
    async last() {
      await this.check();
      const name = (await this.files.read(inside(this.path, LAST)))?.trim() ?? "";
      const folder = inside(this.path, name);
      if (name === "" || !await this.files.isFolder(folder)) throw new Problem(["noJob", this.path]);
      return new Request(this.files, folder);
    }
    async write(step, path) {
      try {
        await step();
      } catch (error2) {
        throw new Problem(["notWritten", path, error2 instanceof Error ? error2.message : String(error2)]);
      }
    }
  };
  var Request = class {
    constructor(files, folder) {
      __publicField(this, "files", files);
      __publicField(this, "folder", folder);
    }
    /** The name of its folder. */
    get name() {
      return this.folder.replace(/^.*[\\/]/, "");
    }
    /** The audition page that was asked for; `null` until it is there. */
    async page() {
      const made = await readJson(this.files, inside(this.folder, "page.json"));
      if (made === null && !await this.working()) throw new Problem(["requestGone", this.folder]);
      return made;
    }
    /** What was answered; `null` as long as nothing was. */
    result() {
      return readJson(this.files, inside(this.folder, "result.json"));
    }
    /** What has come of it. What the program says of a failure is raised in its own words. */
    async outcome() {
      const result = await this.result();
      if (result) {
        for (const clip of everyClip(result)) {
          if (clip.file === null || !await this.files.isFile(clip.file))
            throw new Problem(["soundGone", clip.file ?? clip.title]);
        }
        return { state: "done", result };
      }
      if (!await this.working()) return { state: "cancelled" };
      return { state: "working", progress: await readJson(this.files, inside(this.folder, "progress.json")) };
    }
    /** Whether it is still worked on, rather than cancelled. */
    async working() {
      const wrong = await readJson(
        this.files,
        inside(this.folder, "error.json")
      );
      if (wrong?.kind === "CancelledError") return false;
      if (wrong) throw new Problem(["program", wrong.message, wrong.hint ?? ""]);
      if (!await this.files.isFolder(this.folder)) throw new Problem(["requestGone", this.folder]);
      return true;
    }
    /** The most that it may cost, as decimal text; `null` where nothing was said. */
    async budget() {
      const order = await readJson(this.files, inside(this.folder, "request.json"));
      return order?.budget_max == null ? null : `${order.budget_max}`;
    }
    /** Asks for its end. What was paid for is kept. */
    async cancel() {
      if (await this.files.isFolder(this.folder)) await this.files.write(inside(this.folder, "cancel"), "");
    }
  };

  // src/premiere.ts
  var DROPPING = [102, 106];
  var PATIENCE_MS = 5e3;
  var LOOK_MS2 = 250;
  var NEAR_TICKS = TICKS_A_SECOND / 1000n;
  var Premiere = class {
    /**
     * @param ppro The host's own module.
     * @param version Of Premiere Pro.
     * @param files To look whether what it says it wrote is there, and whole.
     * @param pause Lets time pass.
     */
    constructor(ppro, version, files, pause) {
      __publicField(this, "ppro", ppro);
      __publicField(this, "version", version);
      __publicField(this, "files", files);
      __publicField(this, "pause", pause);
    }
    async look() {
      try {
        const { sequence } = await this.open();
        return { name: sequence.name, range: await this.range(sequence) };
      } catch {
        return null;
      }
    }
    async cut() {
      const { project, sequence } = await this.open();
      if (!project.path) throw new Problem(["unsaved"]);
      const exporter = this.ppro.ProjectConverter;
      if (typeof exporter?.exportAsFinalCutProXML !== "function")
        throw new Problem(["noCall", this.version, "ProjectConverter.exportAsFinalCutProXML", "26.2"]);
      const exportTo = async (path) => {
        const done = await exporter.exportAsFinalCutProXML(sequence, path, true);
        const whole = done && await this.shown(async () => (await this.files.read(path))?.trimEnd().endsWith("</xmeml>") || null);
        if (!whole) throw new Problem(["notExported", sequence.name]);
      };
      return { name: sequence.name, range: await this.range(sequence), exportTo };
    }
    async importNew(result) {
      const { project } = await this.open();
      const before = new Set((await project.getSequences()).map((one) => one.guid.toString()));
      const done = await project.importFiles([result.output], true);
      const made = done ? await this.shown(async () => (await project.getSequences()).filter((one) => !before.has(one.guid.toString())).at(-1) ?? null) : null;
      if (!made) throw new Problem(["notImported", result.output]);
      await project.openSequence(made);
      await project.setActiveSequence(made);
      return [["imported", made.name, `${piecesOf(result).length}`]];
    }
    async layInto(result) {
      const open = await this.open();
      const frame = BigInt(await open.sequence.getTimebase());
      if (frame !== ticksAFrame(result.rate)) throw new Problem(["otherRate", open.sequence.name, result.rate]);
      const spare = result.spare_clips ?? [];
      const sounds = await this.imported(open, everyClip(result));
      const isTwice = await this.isHeardThere(open, result, frame);
      const laid = [];
      const unnamed = [];
      for (const lane of [...lanesOf(result.clips), ...lanesOf(spare)]) {
        const index = await open.sequence.getAudioTrackCount();
        const [first, ...rest] = batches(lane.clips);
        for (const batch of [first ?? [], ...rest]) {
          await this.lay(open, batch, sounds, index, frame);
          if (await open.sequence.getAudioTrackCount() !== index + 1)
            throw new Problem(["refused", `add the track ${lane.name}`, open.sequence.name]);
        }
        if (!await this.named(open, index, lane.name)) unnamed.push(lane.name);
        laid.push(...await this.found(open, index, lane.clips, frame));
      }
      const audible = await this.disabled(open, laid.filter(({ clip }) => spare.includes(clip)));
      const missing = everyClip(result).filter((clip) => !laid.some((one) => one.clip === clip));
      if (missing.length > 0) {
        const which = missing.map((clip) => `${clip.timecode} ${clip.title}`).join("; ");
        throw new Problem(["missing", `${missing.length}`, `${everyClip(result).length}`, which]);
      }
      const loud = await this.withGains(open, laid);
      const moved = await this.begunElsewhere(laid);
      const retimed = result.clips.filter((clip) => clip.speed !== "1").map((clip) => `${clip.timecode} ${clip.title}`);
      return [
        ["laid", open.sequence.name, `${piecesOf(result).length}`],
        ...spare.length > 0 ? [["spare", `${spare.length}`]] : [],
        ...audible.length > 0 ? [["audible", audible.join("; ")]] : [],
        ...loud.length > 0 ? [["gains", loud.join("; ")]] : [],
        ...moved.length > 0 ? [["inPoints", moved.join("; ")]] : [],
        ...result.clips.some(({ keys = [] }) => keys.length > 0) ? [["keys"]] : [],
        ...result.clips.some((clip) => clip.fade_in_us || clip.fade_out_us) ? [["fades"]] : [],
        ...result.clips.some((clip) => clip.cross_fade_us) ? [["crossFades"]] : [],
        ...retimed.length > 0 ? [["speeds", retimed.join("; ")]] : [],
        ...unnamed.length > 0 ? [["names", unnamed.join(", ")]] : [],
        ...result.clips.some((clip) => clip.kind === "dialogue") ? [["dialogue"]] : [],
        ...isTwice ? [["earlier"]] : []
      ];
    }
    async open() {
      const project = await this.ppro.Project.getActiveProject().catch(() => null);
      if (!project) throw new Problem(["noProject"]);
      const sequence = await project.getActiveSequence().catch(() => null);
      if (!sequence) throw new Problem(["noSequence"]);
      return { project, sequence };
    }
    /** What a look finds: hosts say that something is done before it is to be seen. `null` where it does not come. */
    async shown(look) {
      for (let waited = 0; waited <= PATIENCE_MS; waited += LOOK_MS2) {
        const seen = await look();
        if (seen !== null) return seen;
        await this.pause(LOOK_MS2);
      }
      return null;
    }
    /** What is marked; `null` where nothing is, or all of it. Times of marks count from the sequence's start. */
    async range(sequence) {
      const [from, to, end, zero] = (await Promise.all([sequence.getInPoint(), sequence.getOutPoint(), sequence.getEndTime(), sequence.getZeroPoint()])).map((time) => BigInt(time.ticks));
      const first = from > 0n ? from : 0n;
      const last = to > 0n && to < end ? to : end;
      if (last <= first || first === 0n && last === end) return null;
      const frame = BigInt(await sequence.getTimebase());
      const display = await sequence.getSequenceVideoTimeDisplayFormat();
      const said = (ticks) => timecode((zero + ticks) / frame, frame, DROPPING.includes(display.type));
      return { from: said(first), to: said(last + frame - 1n) };
    }
    /** Does what actions say, as one step of undo. From 26.3 on they must be made behind the lock; before, they may be. */
    transact(open, what, make2) {
      let done = false;
      const step = () => {
        done = open.project.executeTransaction((all) => {
          for (const action of make2()) all.addAction(action);
        }, `AVM Score: ${what}`);
      };
      try {
        if (typeof open.project.lockedAccess === "function") open.project.lockedAccess(step);
        else step();
      } catch (error2) {
        if (error2 instanceof Problem) throw error2;
        done = false;
      }
      if (!done) throw new Problem(["refused", what, open.sequence.name]);
    }
    /** The sounds as items of a new bin, by their files. */
    async imported(open, clips) {
      const files = [...new Set(clips.map((clip) => clip.file ?? ""))];
      const root = await open.project.getRootItem();
      const before = new Set((await root.getItems()).map((item) => item.name));
      this.transact(open, "make a bin", () => [root.createBinAction(`AVM ${open.sequence.name}`, true)]);
      const bin = await this.shown(async () => (await root.getItems()).find((item) => !before.has(item.name)) ?? null);
      if (!bin) throw new Problem(["refused", "make a bin", open.project.name]);
      const items = /* @__PURE__ */ new Map();
      let missing = files[0];
      const look = async () => {
        const found = /* @__PURE__ */ new Map();
        for (const item of await this.ppro.FolderItem.cast(bin).getItems())
          found.set(plain(await this.ppro.ClipProjectItem.cast(item).getMediaFilePath()), item);
        for (const file of files) {
          const item = found.get(plain(file));
          if (item) items.set(file, item);
        }
        missing = files.find((file) => !items.has(file));
        return missing === void 0 || null;
      };
      const done = await open.project.importFiles(files, true, bin, false);
      if (!done || !await this.shown(look)) throw new Problem(["notImported", missing ?? ""]);
      return items;
    }
    /** Lays sounds of which none comes twice, since what is played of one is set on its item in the bin. */
    async lay(open, clips, sounds, index, frame) {
      const cast = this.ppro.ClipProjectItem;
      const all = await Promise.all(
        clips.map(async (clip) => {
          const item = sounds.get(clip.file ?? "");
          const media = await cast.cast(item).getMedia();
          const from = ticksOfUs(clip.media_start_us);
          const to = from + BigInt(clip.frames) * frame;
          const end = BigInt(media.duration.ticks);
          return { clip, item, source: cast.cast(item), from, to: to < end ? to : end };
        })
      );
      const editor = this.ppro.SequenceEditor.getEditor(open.sequence);
      this.transact(
        open,
        "say what is played of the sounds",
        () => all.map(({ source, from, to }) => source.createSetInOutPointsAction(this.ticks(from), this.ticks(to)))
      );
      this.transact(
        open,
        "lay sounds",
        () => all.map(
          ({ clip, item }) => editor.createOverwriteItemAction(item, this.ticks(BigInt(clip.record_frame) * frame), 0, index)
        )
      );
      this.transact(
        open,
        "clear what is played of the sounds",
        () => all.map(({ source }) => source.createClearInOutPointsAction())
      );
    }
    /** Names a track; false where the host cannot, which it can from 26.3 on. */
    async named(open, index, name) {
      const track = await open.sequence.getAudioTrack(index);
      if (typeof track.createSetNameAction !== "function") return false;
      this.transact(open, `name the track ${name}`, () => [track.createSetNameAction(name)]);
      return true;
    }
    /** Those of the clips that lie on a track where they belong: their first frame exactly, their end within a frame. */
    async found(open, index, clips, frame) {
      const track = await open.sequence.getAudioTrack(index);
      const there = /* @__PURE__ */ new Map();
      for (const item of track.getTrackItems(this.ppro.Constants.TrackItemType.CLIP, false)) {
        const end = BigInt((await item.getEndTime()).ticks);
        there.set(BigInt((await item.getStartTime()).ticks), { item, end });
      }
      return clips.flatMap((clip) => {
        const start = BigInt(clip.record_frame) * frame;
        const end = start + BigInt(clip.frames) * frame;
        const laid = there.get(start);
        return laid && laid.end <= end && laid.end > end - frame ? [{ clip, item: laid.item }] : [];
      });
    }
    /** Whether sounds of other jobs are heard where those of this one belong. */
    async isHeardThere(open, result, frame) {
      const jobs = plain(result.job).replace(/[^/]+$/, "");
      for (let index = await open.sequence.getAudioTrackCount(); index-- > 0; ) {
        const track = await open.sequence.getAudioTrack(index);
        for (const item of track.getTrackItems(this.ppro.Constants.TrackItemType.CLIP, false)) {
          const [start, end] = [BigInt((await item.getStartTime()).ticks), BigInt((await item.getEndTime()).ticks)];
          const meets = (clip) => start < BigInt(clip.record_frame + clip.frames) * frame && end > BigInt(clip.record_frame) * frame;
          if (!result.clips.some(meets) || await item.isDisabled()) continue;
          const path = await this.ppro.ClipProjectItem.cast(await item.getProjectItem()).getMediaFilePath().catch(() => "");
          if (plain(path).startsWith(jobs)) return true;
        }
      }
      return false;
    }
    /** What does not begin in its file where it should: a host may count files in frames. */
    async begunElsewhere(laid) {
      const moved = [];
      for (const { clip, item } of laid) {
        const late = BigInt((await item.getInPoint()).ticks) - ticksOfUs(clip.media_start_us);
        if ((late < 0n ? -late : late) > NEAR_TICKS) moved.push(`${clip.timecode} ${clip.title} ${milliseconds(late)} ms`);
      }
      return moved;
    }
    /** Disables what is an alternative; those that are heard all the same. */
    async disabled(open, spare) {
      if (spare.length > 0)
        this.transact(open, "disable alternatives", () => spare.map(({ item }) => item.createSetDisabledAction(true)));
      const audible = [];
      for (const { clip, item } of spare) if (!await item.isDisabled()) audible.push(`${clip.timecode} ${clip.title}`);
      return audible;
    }
    /** Sets gains and reads them back; the titles of those that did not take theirs. */
    async withGains(open, laid) {
      const levels = [];
      const failed = [];
      for (const { clip, item } of laid.filter((one) => one.clip.gain_db !== 0)) {
        const param = await levelOf(item);
        const start = param && (await param.getStartValue()).value.value;
        if (typeof start !== "number") failed.push(clip);
        else if (param) levels.push({ clip, param, wanted: gained(start, clip.gain_db) });
      }
      if (levels.length > 0)
        this.transact(
          open,
          "set gains",
          () => levels.map(({ param, wanted }) => param.createSetValueAction(param.createKeyframe(wanted), true))
        );
      for (const { clip, param, wanted } of levels) {
        const got = (await param.getStartValue()).value.value;
        if (typeof got !== "number" || Math.abs(got - wanted) > Math.abs(wanted) * 1e-3 + 1e-6) failed.push(clip);
      }
      return failed.map((clip) => `${clip.timecode} ${clip.title} ${clip.gain_db} dB`);
    }
    ticks(ticks) {
      return this.ppro.TickTime.createWithTicks(`${ticks}`);
    }
  };
  var gained = (asItIs, db) => asItIs === 0 ? db : asItIs * 10 ** (db / 20);
  var milliseconds = (ticks) => `${ticks > 0n ? "+" : ""}${Math.round(Number(ticks) / Number(NEAR_TICKS))}`;
  async function levelOf(item) {
    const chain = await item.getComponentChain();
    for (let at = 0; at < chain.getComponentCount(); at++) {
      const component = chain.getComponentAtIndex(at);
      const name = await component.getMatchName();
      if (!/volume/i.test(name) || /channel/i.test(name)) continue;
      for (let index = 0; index < component.getParamCount(); index++) {
        const param = component.getParam(index);
        if (typeof (await param.getStartValue()).value.value === "number") return param;
      }
    }
    return null;
  }
  var plain = (path) => path.normalize("NFC").replaceAll("\\", "/").toLowerCase();
  function lanesOf(clips) {
    const lanes = /* @__PURE__ */ new Map();
    for (const clip of [...clips].sort((one, other) => one.record_frame - other.record_frame)) {
      let name = clip.track;
      for (let number = 2; (lanes.get(name)?.end ?? 0) > clip.record_frame; number++) name = `${clip.track} ${number}`;
      const lane = lanes.get(name) ?? { name, clips: [], end: 0 };
      lanes.set(name, { name, clips: [...lane.clips, clip], end: clip.record_frame + clip.frames });
    }
    return [...lanes.values()].sort((one, other) => one.name.localeCompare(other.name, "en", { numeric: true }));
  }
  function batches(clips) {
    const all = clips.slice(0, 1).map((clip) => [clip]);
    let open = [];
    for (const clip of clips.slice(1)) {
      if (open.some((one) => one.file === clip.file)) open = [];
      if (open.length === 0) all.push(open);
      open.push(clip);
    }
    return all;
  }

  // src/state.ts
  var FIRST = {
    phase: "idle",
    language: "en",
    wish: { scope: "marks", music: true, effects: true, denoise: false, budget: "", alternatives: "1" },
    sequence: null,
    range: null,
    watchFolder: null,
    watching: "unknown",
    currency: "",
    progress: null,
    cancelling: false,
    result: null,
    budget: null,
    busy: null,
    notes: [],
    problem: null
  };

  // src/panel.ts
  var LOOK_MS3 = 500;
  var Panel = class {
    /**
     * @param outside All that the panel needs.
     * @param show Is called with every new state.
     */
    constructor(outside2, show2) {
      __publicField(this, "outside", outside2);
      __publicField(this, "show", show2);
      __publicField(this, "state");
      __publicField(this, "request", null);
      /** Whose result is shown. */
      __publicField(this, "scored", null);
      /** Whether its page was opened, which may change the result. */
      __publicField(this, "isAuditioned", false);
      __publicField(this, "isAtWork", false);
      this.state = { ...FIRST, language: outside2.language };
    }
    /** Looks at the host and the watch folder again and again, as long as the panel is there. */
    async start() {
      this.show(this.state);
      for (; ; ) {
        await this.look();
        await this.outside.pause(LOOK_MS3);
      }
    }
    /** Looks once: which sequence is open, what is marked, and whether somebody watches. */
    async look() {
      const open = await this.outside.host.look();
      this.set({ sequence: open?.name ?? null, range: open?.range ?? null });
      await this.lookAtResult();
      const path = this.state.watchFolder ?? await this.outside.watchFolder();
      if (path === null) return;
      this.set({ watchFolder: path });
      const watched = await this.folder(path).isWatched().catch(() => true);
      const currency = await this.folder(path).currency();
      this.set({ watching: watched ? "yes" : "no", currency: currency === "" ? this.state.currency : currency });
    }
    change(wish) {
      this.set({ wish: { ...this.state.wish, ...wish } });
    }
    async score() {
      await this.guarded(async () => {
        const order = this.order();
        const folder = await this.chosen();
        const { name, range, exportTo } = await this.outside.host.cut();
        if (this.state.wish.scope === "marks" && range === null) throw new Problem(["nothingMarked"]);
        const said = this.state.wish.scope === "marks" && range ? { tc_in: range.from, tc_out: range.to } : {};
        this.running();
        await this.follow(await folder.leave(name, this.outside.stamp(), { ...order, ...said }, exportTo), folder);
      });
    }
    async importLast() {
      await this.guarded(async () => {
        const folder = await this.chosen();
        const request = await folder.last();
        this.running();
        await this.follow(request, folder);
      });
    }
    async cancel() {
      const { request } = this;
      if (request === null || this.state.cancelling) return;
      this.set({ cancelling: true });
      await request.cancel().catch((error2) => this.fail(error2));
    }
    async importNew() {
      await this.imported((host2, result) => host2.importNew(result));
    }
    async layInto() {
      await this.imported((host2, result) => host2.layInto(result));
    }
    async audition() {
      const { scored } = this;
      if (scored === null || this.state.busy !== null) return;
      await this.guarded(async () => {
        this.set({ busy: "opening", notes: [] });
        const folder = await this.chosen();
        const request = await folder.askForPage(scored, this.outside.stamp());
        for (; ; ) {
          const page = await request.page();
          if (page !== null) return this.opened(page.address);
          if (!await folder.isWatched()) {
            await request.cancel();
            throw new Problem(["nobodyWatches", folder.path]);
          }
        }
      });
      this.set({ busy: null });
    }
    async opened(address) {
      const wrong = address === null ? "" : await this.outside.browse(address, WORDS[this.state.language].whyBrowse);
      if (wrong !== "") throw new Problem(["notOpened", wrong, address ?? ""]);
      this.isAuditioned = true;
      this.set({ notes: [["auditioned"]] });
    }
    /** What was chosen on the page and written to the timeline is what is shown and imported. */
    async lookAtResult() {
      const { scored } = this;
      if (scored === null || !this.isAuditioned || this.state.result === null) return;
      const result = await scored.result();
      if (result === null || scored !== this.scored || JSON.stringify(result) === JSON.stringify(this.state.result)) return;
      this.set({ result, notes: this.state.phase === "results" ? [["updated"]] : this.state.notes });
    }
    async chooseFolder() {
      await this.guarded(async () => {
        const watchFolder = await this.outside.chooseFolder();
        if (watchFolder !== null) this.set({ watchFolder, watching: "unknown" });
      });
    }
    back() {
      const toResults = this.state.phase === "error" && this.state.result !== null;
      this.set({ phase: toResults ? "results" : "idle", problem: null, notes: [], ...toResults ? {} : { result: null } });
    }
    running() {
      this.set({ phase: "running", progress: null, cancelling: false, result: null, notes: [], problem: null });
    }
    /** Waits for a request, however long; says within two seconds where nobody works on it, and waits on. */
    async follow(request, folder) {
      this.request = request;
      const budget = await request.budget();
      for (; ; ) {
        const outcome = await request.outcome();
        if (outcome.state === "done") {
          this.request = null;
          this.scored = request;
          this.isAuditioned = false;
          return this.set({ phase: "results", result: outcome.result, budget, currency: outcome.result.currency });
        }
        if (outcome.state === "cancelled") return this.idle();
        this.set({ progress: outcome.progress ?? this.state.progress });
        const isWatched = await folder.isWatched();
        this.set({ watching: isWatched ? "yes" : "no" });
        if (!isWatched && this.state.cancelling) return this.idle();
        await this.outside.pause(LOOK_MS3);
      }
    }
    idle() {
      this.request = null;
      this.set({ phase: "idle", notes: [["cancelled"]], cancelling: false });
    }
    async imported(step) {
      if (this.state.result === null || this.state.busy !== null) return;
      this.set({ busy: "laying", notes: [] });
      await this.guarded(async () => {
        await this.lookAtResult();
        const { result } = this.state;
        if (result !== null) this.set({ notes: await step(this.outside.host, result) });
      });
      this.set({ busy: null });
    }
    order() {
      const { budget, alternatives } = this.state.wish;
      const services = SERVICES.filter((name) => this.state.wish[name]);
      if (services.length === 0) throw new Problem(["nothingAsked"]);
      const most = amount(budget);
      if (most === void 0) throw new Problem(["badBudget", budget.trim()]);
      const count = alternatives.trim() === "" ? "0" : alternatives.trim();
      if (!/^\d{1,2}$/.test(count)) throw new Problem(["badAlternatives", count]);
      return {
        services,
        ...most === null ? {} : { budget_max: Number(most) },
        // Also where it is none: unsaid, one of each is laid.
        alternatives: Number(count)
      };
    }
    async chosen() {
      const path = this.state.watchFolder ?? await this.outside.watchFolder();
      if (path === null) throw new Problem(["setUp"]);
      const folder = this.folder(path);
      await folder.check();
      return folder;
    }
    folder(path) {
      return new WatchFolder(this.outside.files, path, this.outside.pause);
    }
    /** One step at a time: what is asked meanwhile is not heard. */
    async guarded(step) {
      if (this.isAtWork) return;
      this.isAtWork = true;
      try {
        await step();
      } catch (error2) {
        this.fail(error2);
      } finally {
        this.isAtWork = false;
      }
    }
    fail(error2) {
      this.request = null;
      const problem = error2 instanceof Problem ? error2.told : ["fault", error2 instanceof Error ? error2.message : String(error2)];
      const isClosed = ["noProject", "noSequence"].includes(problem[0]);
      this.set({ phase: "error", problem, ...isClosed ? { sequence: null, range: null } : {} });
    }
    set(part) {
      this.state = { ...this.state, ...part };
      this.show(this.state);
    }
  };

  // src/uxp.ts
  var SETTINGS = "plugin:/avm_settings.json";
  var CHOSEN = "avm-watch-folder";
  var filesOf = (fs) => ({
    read: (path) => fs.readFile(path, { encoding: "utf-8" }).catch(() => null),
    write: async (path, text) => void await fs.writeFile(path, text, { encoding: "utf-8" }),
    rename: async (from, to) => void await fs.rename(from, to),
    makeFolder: async (path) => void await fs.mkdir(path),
    isFolder: (path) => fs.lstat(path).then((said) => said.isDirectory(), () => false),
    isFile: (path) => fs.lstat(path).then((said) => said.isFile(), () => false)
  });
  function outside(uxp, fs) {
    const files = filesOf(fs);
    return {
      files,
      version: uxp.host.version,
      language: languageOf(uxp.host.uiLocale),
      pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
      stamp: () => new Date(Date.now() - (/* @__PURE__ */ new Date()).getTimezoneOffset() * 6e4).toISOString().slice(0, 19).replace("T", " ").replaceAll(":", ""),
      watchFolder: async () => localStorage.getItem(CHOSEN) ?? (await readJson(files, SETTINGS))?.watch_folder ?? null,
      chooseFolder: async () => {
        const folder = await uxp.storage.localFileSystem.getFolder({});
        if (folder === null) return null;
        localStorage.setItem(CHOSEN, folder.nativePath);
        return folder.nativePath;
      },
      browse: async (address, why) => {
        try {
          return await uxp.shell.openExternal(address, why) || "";
        } catch (error2) {
          return error2 instanceof Error ? error2.message : String(error2);
        }
      }
    };
  }

  // src/view.ts
  var PAGES = { idle, running, results, error };
  function mount(root, actions) {
    let shown = null;
    return (state) => {
      const words = WORDS[state.language];
      if (shown === null || shown.phase !== state.phase || shown.language !== state.language || shown.result !== state.result) {
        const isFirst = shown === null;
        const { phase, language, result } = state;
        shown = { header: header(words), page: PAGES[phase](words, actions, state), phase, language, result };
        document.documentElement.lang = language;
        root.innerHTML = "";
        root.append(shown.header.element, shown.page.element);
        if (!isFirst) shown.page.focus?.focus();
      }
      shown.header.update(state);
      shown.page.update(state);
    };
  }
  function header(words) {
    const name = make("span", { class: "name" });
    const element = make("header", {}, make("h1", {}, words.title), name);
    return { element, update: ({ sequence }) => say(name, sequence ?? words.noSequence) };
  }
  function idle(words, actions, first) {
    const { wish } = first;
    const act = () => void actions.score();
    const marks = input("radio", { name: "scope" }, () => actions.change({ scope: "marks" }));
    const whole = input("radio", { name: "scope" }, () => actions.change({ scope: "whole" }));
    marks.checked = wish.scope === "marks";
    whole.checked = wish.scope === "whole";
    const marked = make("span", { class: "aside" });
    const service = (key) => {
      const box = input("checkbox", {}, () => actions.change({ [key]: box.checked }));
      box.checked = wish[key];
      return make("label", { class: "choice" }, box, make("span", {}, words[key]));
    };
    const text = (key, more) => {
      const field = input("text", { class: "field", ...more }, () => actions.change({ [key]: field.value }));
      field.value = wish[key];
      field.addEventListener("keydown", (event) => event.key === "Enter" && act());
      return field;
    };
    const budget = make("span");
    const score = button(words.score, act, "primary");
    const last = button(words.importLast, () => void actions.importLast());
    last.title = words.importLastHint;
    const notes = make("div", { role: "status" });
    const folder = make("span", { class: "path" });
    const watching = make("span", { class: "watching" });
    const element = make(
      "main",
      {},
      notes,
      group(
        words.scope,
        make("label", { class: "choice" }, marks, make("span", {}, words.marked), marked),
        make("label", { class: "choice" }, whole, make("span", {}, words.whole))
      ),
      group(words.services, ...SERVICES.map(service)),
      make("label", { class: "row" }, budget, text("budget", { placeholder: words.budgetHint })),
      make("label", { class: "row" }, make("span", {}, words.alternatives), text("alternatives", {})),
      make("div", { class: "buttons" }, score, last),
      make(
        "footer",
        {},
        make("div", { class: "row" }, make("span", {}, words.folder), watching),
        make("div", { class: "row" }, folder, button(words.chooseFolder, () => void actions.chooseFolder(), "small"))
      )
    );
    return {
      element,
      focus: score,
      update: (state) => {
        say(marked, state.range ? `${state.range.from} – ${state.range.to}` : "");
        say(budget, words.budget(state.currency));
        sayNotes(notes, words, state);
        say(folder, state.watchFolder ?? words.noFolderYet);
        folder.title = state.watchFolder ?? "";
        const said = { yes: words.watched, no: words.notWatched, unknown: words.unknownWatched }[state.watching];
        say(watching, state.watchFolder === null ? "" : said);
        watching.dataset["state"] = state.watching;
      }
    };
  }
  function running(words, actions) {
    const label = make("h2", { role: "status" });
    const bar = make("div", { class: "bar", role: "progressbar" });
    const fill = make("div", { class: "fill" });
    bar.append(fill);
    const elapsed = make("span", { class: "aside" });
    const messages = make("div", { class: "messages" });
    const command = make("code");
    const alone = make("div", { class: "box warning", role: "status" });
    const cancel = button(words.cancel, () => void actions.cancel());
    const element = make(
      "main",
      {},
      make("div", { class: "row" }, label, elapsed),
      bar,
      alone,
      messages,
      make("div", { class: "buttons" }, cancel)
    );
    let isAlone = false;
    return {
      element,
      focus: cancel,
      update: ({ progress, cancelling, watching, watchFolder }) => {
        const step = progress && (words.steps[progress.label] ?? progress.label);
        say(label, cancelling ? words.cancelling : step ?? words.waiting);
        const part = progress?.total ? Math.min(1, (progress.done ?? 0) / progress.total) : null;
        bar.classList.toggle("unknown", part === null);
        fill.style.width = part === null ? "" : `${Math.round(part * 100)}%`;
        if (part === null) bar.removeAttribute("aria-valuenow");
        else bar.setAttribute("aria-valuenow", `${Math.round(part * 100)}`);
        say(elapsed, progress ? words.elapsed(clock(progress.elapsed_s)) : "");
        say(messages, (progress?.messages ?? []).slice(-4).map(words.message).join("\n"));
        say(command, `avm-otio watch "${watchFolder ?? ""}"`);
        if (isAlone !== (watching === "no")) {
          isAlone = watching === "no";
          alone.innerHTML = "";
          if (isAlone) alone.append(make("strong", {}, words.notWatched), make("p", {}, words.howToWatch), command);
        }
        cancel.disabled = cancelling;
      }
    };
  }
  function results(words, actions, { result, budget }) {
    const clips = result ? piecesOf(result) : [];
    const total = result?.total_price ?? "0";
    const currency = result?.currency ?? "";
    const left = budget === null ? null : less(budget, total);
    const isOver = left !== null && left.startsWith("-");
    const asNew = button(words.asNew, () => void actions.importNew(), "primary");
    const lay = button(words.layInto, () => void actions.layInto());
    const audition = button(words.audition, () => void actions.audition());
    const back = button(words.back, () => actions.back());
    const notes = make("div", { role: "status" });
    const remarks = result?.notes ?? [];
    const losses = (result?.losses ?? []).map(({ item, message, told }) => `${item}: ${message ?? told}`);
    const list = make("div", { class: "cues", role: "list", tabindex: "0", "aria-label": words.cues(clips.length) });
    list.append(...clips.map((clip) => cue(words, clip, currency)));
    const below = make("div", { class: "below", "aria-hidden": "true" });
    const look = () => {
      for (let time = 0; time < 2; time++) say(below, hidden(list) > 0 ? words.below(hidden(list)) : "");
    };
    for (const what of ["scroll", "click"]) list.addEventListener(what, look);
    const used = make("div", { class: isOver ? "bar over" : "bar", role: "img", "aria-label": words.budgetUsed });
    const fill = make("div", { class: "fill" });
    used.append(fill);
    if (budget !== null) fill.style.width = `${Number(budget) > 0 ? Math.min(100, 100 * Number(total) / Number(budget)) : 100}%`;
    const element = make(
      "main",
      { class: "results" },
      make("h2", {}, words.cues(clips.length)),
      list,
      below,
      make(
        "div",
        { class: "row total" },
        make("span", {}, words.total),
        make("strong", {}, `${total} ${currency}`, ...budget === null ? [] : [` ${words.ofBudget(`${budget} ${currency}`)}`])
      ),
      ...left === null ? [] : [used, make("p", { class: isOver ? "wrong" : "aside" }, isOver ? words.over(`${left.slice(1)} ${currency}`) : words.left(`${left} ${currency}`))],
      ...remarks.length > 0 ? [disclosure(words.remarks(remarks.length), remarks)] : [],
      ...losses.length > 0 ? [disclosure(words.lost(losses.length), losses)] : [],
      notes,
      make("div", { class: "buttons" }, asNew, lay, audition, back)
    );
    return {
      element,
      focus: asNew,
      update: (state) => {
        look();
        for (const one of [asNew, lay, audition, back]) one.disabled = state.busy !== null;
        if (state.busy !== null) say(notes, state.busy === "laying" ? words.laying : words.opening);
        else sayNotes(notes, words, state);
      }
    };
  }
  function hidden(list) {
    const foot = list.scrollTop + list.clientHeight;
    return [...list.children].filter((one) => one instanceof HTMLElement && one.offsetTop - list.offsetTop + one.offsetHeight / 2 > foot).length;
  }
  function cue(words, clip, currency) {
    const price = ({ price: price2, is_bought }) => {
      if (is_bought) return words.bought;
      return price2 === null ? words.included : `${price2} ${currency}`;
    };
    const element = make(
      "div",
      { class: "cue", role: "listitem" },
      make("div", { class: "row" }, make("span", { class: "time" }, clip.timecode), make("span", { class: `kind ${clip.kind}` }, words.kinds[clip.kind])),
      make("div", { class: "row" }, make("span", { class: "title" }, clip.title), make("span", { class: "price" }, price(clip)))
    );
    if (clip.others.length > 0)
      element.append(disclosure(words.others(clip.others.length), clip.others.map((other) => `${other.title} · ${price(other)}`)));
    return element;
  }
  function error(words, actions, first) {
    const told = first.problem ?? ["fault", ""];
    const { message, hint } = sentence(words, told);
    const back = button(words.back, () => actions.back(), "primary");
    const isOfFolder = ["setUp", "noFolder", "notWritten", "noJob"].includes(told[0]);
    const element = make(
      "main",
      {},
      make("div", { class: "box error", role: "alert" }, make("h2", {}, words.problem), make("p", {}, message), make("p", { class: "hint" }, hint)),
      make(
        "div",
        { class: "buttons" },
        back,
        isOfFolder ? button(`${words.folder} ${words.chooseFolder}`, () => void actions.chooseFolder()) : button(words.importLast, () => void actions.importLast())
      )
    );
    return { element, focus: back, update: () => void 0 };
  }
  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  }
  function button(label, act, kind = "") {
    const element = make("button", { type: "button", class: kind }, label);
    element.addEventListener("click", act);
    return element;
  }
  function input(type, attributes, changed) {
    const element = make("input", { type, ...attributes });
    element.addEventListener(type === "text" ? "input" : "change", changed);
    return element;
  }
  var group = (name, ...children) => make("div", { class: "group", role: "group", "aria-label": name }, make("div", { class: "legend" }, name), ...children);
  function disclosure(label, lines) {
    const more = make("div", { class: "more" }, ...lines.map((line) => make("div", {}, line)));
    const open = button(label, () => show2(!isOpen), "link");
    let isOpen = true;
    const show2 = (isToBe) => {
      isOpen = isToBe;
      more.style.display = isOpen ? "" : "none";
      open.setAttribute("aria-expanded", `${isOpen}`);
      say(open, `${isOpen ? "▾" : "▸"} ${label}`);
    };
    show2(false);
    return make("div", {}, open, more);
  }
  function say(element, text) {
    if (element.textContent !== text) element.textContent = text;
  }
  function sayNotes(element, words, { notes }) {
    say(element, notes.map((told) => note(words, told)).join("\n"));
    element.className = notes.length > 0 ? "box notes" : "";
  }
  var clock = (seconds) => `${Math.floor(seconds / 60)}:${`${Math.floor(seconds % 60)}`.padStart(2, "0")}`;

  // src/main.ts
  var around = outside(__require("uxp"), __require("fs"));
  var host = new Premiere(__require("premierepro"), around.version, around.files, around.pause);
  var panel = new Panel({ ...around, host }, (state) => show(state));
  var show = mount(document.body, panel);
  void panel.start();
})();
