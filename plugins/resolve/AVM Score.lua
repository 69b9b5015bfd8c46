-- A.V. Mapping: music and sound effects for the current timeline. Workspace > Scripts > AVM Score.
--
-- Exports the timeline into the watch folder, leaves a request there (docs/watch-folder.md), waits, and brings the
-- scored timeline in. What is marked with in and out is scored; the whole timeline where nothing is marked.
-- Runs in every edition: it uses no window, the console (Workspace > Console) shows how far it is.
-- The other menu items set AVM_TASK and run this file.

local task = AVM_TASK or { into = "new" }
AVM_TASK = nil

local NEEDS = "0.1.0" -- the oldest avm-otio that this item works with
local IS_WINDOWS = package.config:sub(1, 1) == "\\"
local LAST = "AVM Last Resolve Job.txt" -- in the watch folder: the request that was left last
local SILENCE_S = 2 -- a watcher that lives changes its file every second
local COLORS = { music = "Blue", effects = "Green", dialogue = "Cyan" }

-- What went wrong is raised as a plain text and shown as it is; see the end of this file.
local function fail(text) error({ text = text }, 0) end

local function say(text) print("[AVM] " .. text) end

-- JSON: as much of it as the files of a watch folder hold.

local ESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local function utf8(code)
  if code < 0x80 then return string.char(code) end
  if code < 0x800 then return string.char(0xC0 + math.floor(code / 0x40), 0x80 + code % 0x40) end
  if code < 0x10000 then
    return string.char(0xE0 + math.floor(code / 0x1000), 0x80 + math.floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
  end
  return string.char(0xF0 + math.floor(code / 0x40000), 0x80 + math.floor(code / 0x1000) % 0x40,
    0x80 + math.floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
end

local function decoded(text)
  local at = 1
  local value

  local function skip() at = text:find("[^ \t\r\n]", at) or #text + 1 end

  local function string_value()
    local parts = {}
    at = at + 1
    while true do
      local stop = text:find('["\\]', at) or error("a string that does not end")
      parts[#parts + 1] = text:sub(at, stop - 1)
      at = stop + 1
      if text:sub(stop, stop) == '"' then return table.concat(parts) end
      local sign = text:sub(at, at)
      at = at + 1
      if sign == "u" then
        local code = tonumber(text:sub(at, at + 3), 16) or error("a wrong escape")
        at = at + 4
        if code >= 0xD800 and code < 0xDC00 and text:sub(at, at + 1) == "\\u" then
          code = 0x10000 + (code - 0xD800) * 0x400 + (tonumber(text:sub(at + 2, at + 5), 16) or 0xDC00) - 0xDC00
          at = at + 6
        end
        parts[#parts + 1] = utf8(code)
      else
        parts[#parts + 1] = ESCAPES[sign] or error("a wrong escape")
      end
    end
  end

  local function members(closing, one)
    local made = {}
    at = at + 1
    skip()
    if text:sub(at, at) == closing then at = at + 1 return made end
    while true do
      one(made)
      skip()
      local sign = text:sub(at, at)
      at = at + 1
      if sign == closing then return made end
      if sign ~= "," then error("a comma is missing") end
      skip()
    end
  end

  function value()
    skip()
    local sign = text:sub(at, at)
    if sign == '"' then return string_value() end
    if sign == "{" then
      return members("}", function(made)
        local name = string_value()
        skip()
        if text:sub(at, at) ~= ":" then error("a colon is missing") end
        at = at + 1
        made[name] = value()
      end)
    end
    if sign == "[" then
      return members("]", function(made) made[#made + 1] = value() end)
    end
    for word, meaning in pairs({ ["true"] = true, ["false"] = false }) do
      if text:sub(at, at + #word - 1) == word then at = at + #word return meaning end
    end
    if text:sub(at, at + 3) == "null" then at = at + 4 return nil end
    local number = text:match("^-?%d[%d.eE+-]*", at) or error("no value")
    at = at + #number
    return tonumber(number)
  end

  return value()
end

local SIGNS = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function encoded(text)
  return '"' .. text:gsub('[%c"\\]', function(sign) return SIGNS[sign] or ("\\u%04x"):format(sign:byte()) end) .. '"'
end

-- Files.

local function read(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read("*a")
  file:close()
  return text
end

-- A JSON file; nil where there is none, or none that is whole yet.
local function read_json(path)
  local text = read(path)
  if not text then return nil end
  local ok, found = pcall(decoded, text)
  return ok and type(found) == "table" and found or nil
end

local function write(path, text)
  local file = io.open(path, "wb") or fail(path .. " may not be written: choose another watch folder with "
    .. "avm-otio plugin install resolve --watch-folder DIR.")
  local ok = file:write(text)
  if not (ok and file:close()) then fail("The disk is full: " .. path .. " was not written. Free some room.") end
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

local function quoted(text)
  if IS_WINDOWS then return '"' .. text:gsub('"', "") .. '"' end
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

-- Lua 5.1 answers with a code, later ones with true.
local function runs(command)
  local code = os.execute(command)
  return code == 0 or code == true
end

local function is_folder(path)
  return runs(IS_WINDOWS and ('if not exist %s\\ exit 1'):format(quoted(path)) or "test -d " .. quoted(path))
end

local function pause(seconds)
  if bmd and bmd.wait then return bmd.wait(seconds) end
  os.execute(IS_WINDOWS and "ping -n 2 127.0.0.1 >nul" or "sleep " .. seconds)
end

-- The program.

local function here()
  local place = debug.getinfo(1, "S").source:match("^@(.*[/\\])")
  return place or (app and app.MapPath and app:MapPath("Scripts:Utility/")) or ""
end

local function settings()
  local path = here() .. "AVM Score.json"
  local found = read_json(path)
  if not (found and type(found.program) == "table" and found.watch_folder) then
    fail("avm-otio was not found: " .. path .. " does not say where it is. Install it (pip install avm-otio), "
      .. "then run: avm-otio plugin install resolve")
  end
  if not is_folder(found.watch_folder) then
    fail("The watch folder " .. found.watch_folder .. " is not there: make it, or run: "
      .. "avm-otio plugin install resolve --watch-folder DIR")
  end
  return found
end

local function is_older(version, than)
  local ours, theirs = version:gmatch("%d+"), than:gmatch("%d+")
  for _ = 1, 3 do
    local one, other = tonumber(ours() or 0), tonumber(theirs() or 0)
    if one ~= other then return one < other end
  end
  return false
end

local function check_version(version)
  if version and is_older(version, NEEDS) then
    fail(("avm-otio %s is older than this menu item (needs %s): update it (pip install -U avm-otio)."):format(version, NEEDS))
  end
end

-- Whether somebody watches: two readings of its file, a little apart, differ. Nobody's clock is asked.
local function is_watched(folder)
  local before = read(folder .. "/watcher.json")
  if not before then return false end
  for _ = 1, SILENCE_S * 4 do
    pause(0.25)
    local after = read(folder .. "/watcher.json")
    if after and after ~= before then
      check_version((read_json(folder .. "/watcher.json") or {}).program)
      return true
    end
  end
  return false
end

-- Carry out what lies in the watch folder, in a process that outlives this host.
local function start(found)
  local program = found.program[1]
  check_version(found.program_version)
  if not exists(program) then
    fail("avm-otio was not found at " .. program .. ": install it (pip install avm-otio), then run: "
      .. "avm-otio plugin install resolve")
  end
  local words = {}
  for _, word in ipairs(found.program) do words[#words + 1] = quoted(word) end
  local call = table.concat(words, " ") .. " watch " .. quoted(found.watch_folder) .. " --once"
  return runs(IS_WINDOWS and 'start "" /min ' .. call or "nohup " .. call .. " >/dev/null 2>&1 </dev/null &")
end

-- Timecode.

local DROPS = { [30] = 2, [60] = 4 } -- frame numbers left out each minute but the tenth; SMPTE ST 12-1

local function timecode(frame, base, is_drop)
  if is_drop then
    local drops = DROPS[base]
    local a_minute, ten_minutes = base * 60 - drops, base * 600 - drops * 9
    local tens, rest = math.floor(frame / ten_minutes), frame % ten_minutes
    frame = frame + drops * 9 * tens + drops * math.max(0, math.floor((rest - drops) / a_minute))
  end
  local seconds = math.floor(frame / base)
  return ("%02d:%02d:%02d%s%02d"):format(math.floor(seconds / 3600), math.floor(seconds / 60) % 60, seconds % 60,
    is_drop and ";" or ":", frame % base)
end

-- The host.

local function current()
  local host = resolve or (Resolve and Resolve()) or fail("This runs inside DaVinci Resolve only: Workspace > Scripts.")
  local project = host:GetProjectManager():GetCurrentProject() or fail("No project is open: open one and run this again.")
  local timeline = project:GetCurrentTimeline() or fail("No timeline is open: open one and run this again.")
  return host, project, timeline
end

-- Every name seems to be there on the host's objects, so what a call answers tells whether it is.
local function needs(answer, host, call, since)
  if answer == nil then
    fail(("DaVinci Resolve %s has no %s: it is there from %s on."):format(host:GetVersionString() or "?", call, since))
  end
  return answer
end

-- What is to be scored, as timecodes; nothing for the whole timeline.
local function range(host, timeline)
  local rate = tostring(timeline:GetSetting("timelineFrameRate") or "")
  local base = math.ceil(tonumber(rate:match("[%d.]+") or "24"))
  local is_drop = timeline:GetSetting("timelineDropFrameTimecode") == "1" and DROPS[base] ~= nil
  local first, last
  if task.clip then
    local item = timeline:GetCurrentVideoItem()
      or fail("Nothing is selected: mark in and out, or choose a clip, or score the whole timeline.")
    first, last = item:GetStart(), item:GetEnd()
  else
    local marks = needs(timeline:GetMarkInOut(), host, "Timeline.GetMarkInOut", "18.6")
    local marked = marks.video or marks.audio
    if not (marked and (marked["in"] or marked.out)) then return nil end
    local start, ends = timeline:GetStartFrame(), timeline:GetEndFrame()
    -- Documented by an example only, with offsets from the timeline's start; absolute frames would lie past its end.
    if start + (marked["in"] or marked.out) >= ends then start = 0 end
    -- The frame of the mark out belongs to what is marked.
    first = marked["in"] and start + marked["in"] or timeline:GetStartFrame()
    last = marked.out and start + marked.out + 1 or ends
  end
  return timecode(first, base, is_drop), timecode(last, base, is_drop)
end

local function free_folder(watch_folder, name)
  local plain = name:gsub("[^%w%-_ ]", "_"):sub(1, 60) .. os.date(" %Y-%m-%d %H%M%S")
  local found, number = plain, 1
  while is_folder(watch_folder .. "/" .. found) do
    number = number + 1
    found = plain .. " " .. number
  end
  return found
end

local function leave_request(found, host, timeline)
  local tc_in, tc_out = range(host, timeline)
  local name = free_folder(found.watch_folder, timeline:GetName())
  local folder = found.watch_folder .. "/" .. name
  if not runs("mkdir " .. quoted(IS_WINDOWS and folder:gsub("/", "\\") or folder)) then
    fail("The watch folder " .. found.watch_folder .. " may not be written: choose another with "
      .. "avm-otio plugin install resolve --watch-folder DIR.")
  end
  needs(host.EXPORT_OTIO, host, "EXPORT_OTIO", "18.5")
  local cut = folder .. "/cut.otio"
  if not (timeline:Export(cut, host.EXPORT_OTIO, host.EXPORT_NONE) and exists(cut)) then
    fail("DaVinci Resolve did not export " .. timeline:GetName() .. ": save the project and run this again.")
  end
  local fields = { '"timeline": "cut.otio"', '"output": "scored.otio"', '"editor": "resolve"' }
  if tc_in then fields[#fields + 1] = '"tc_in": ' .. encoded(tc_in) .. ', "tc_out": ' .. encoded(tc_out) end
  write(folder .. "/request.part", "{" .. table.concat(fields, ", ") .. "}\n")
  write(found.watch_folder .. "/" .. LAST, name .. "\n")
  if not os.rename(folder .. "/request.part", folder .. "/request.json") then
    fail("The request in " .. folder .. " could not be left: look whether the disk is full.")
  end
  return folder
end

-- The result; raises what the program said where it failed.
local function await(found, folder)
  if not (exists(folder .. "/result.json") or exists(folder .. "/error.json")) and not is_watched(found.watch_folder) then
    if not start(found) then
      fail(('Nobody watches %s: run  avm-otio watch "%s"  and leave it open. The request waits there; then choose '
        .. "AVM Import Last Job."):format(found.watch_folder, found.watch_folder))
    end
  end
  local told = 0
  while true do
    local result = read_json(folder .. "/result.json")
    if result then return result end
    local wrong = read_json(folder .. "/error.json")
    if wrong then fail(wrong.message .. " " .. (wrong.hint or "")) end
    if not is_folder(folder) then fail(folder .. " was deleted: run AVM Score again.") end
    local progress = read_json(folder .. "/progress.json")
    if progress and progress.sequence ~= told then
      told = progress.sequence
      local part = progress.total and progress.total > 0 and (" %d %%"):format(100 * (progress.done or 0) / progress.total)
      say(progress.label .. (part or ""))
    end
    pause(0.5)
  end
end

-- Into a new timeline.

local function free_name(project, wanted)
  local taken = {}
  for index = 1, project:GetTimelineCount() do taken[project:GetTimelineByIndex(index):GetName()] = true end
  local name, number = wanted, 1
  while taken[name] do
    number = number + 1
    name = wanted .. " " .. number
  end
  return name
end

local function check_media(result)
  for _, clip in ipairs(result.clips) do
    if not (clip.file and exists(clip.file)) then
      fail("The sound " .. (clip.file or clip.title) .. " is not there: run AVM Score again, what was paid for is kept.")
    end
  end
end

local function sounds_in(timeline)
  local count = 0
  for index = 1, timeline:GetTrackCount("audio") do
    if timeline:GetTrackName("audio", index):match("^AVM ") then
      count = count + #(timeline:GetItemListInTrack("audio", index) or {})
    end
  end
  return count
end

local function import_new(project, timeline, result)
  local name = free_name(project, timeline:GetName() .. " scored")
  local made = project:GetMediaPool():ImportTimelineFromFile(result.output, { timelineName = name, importSourceClips = true })
  if not made then
    fail("DaVinci Resolve did not import " .. result.output .. " and does not say why. Save the project once, look "
      .. "whether its media are online, then choose AVM Import Last Job.")
  end
  local there = sounds_in(made)
  if there < #result.clips then
    say(("Only %d of %d sounds came into %s: relink its media, or lay them with AVM Import Last Job Into This Timeline.")
      :format(there, #result.clips, name))
  end
  say(("%s: %d sounds, %s %s."):format(name, there, result.total_price, result.currency))
end

-- Into this timeline.

-- Clips in lanes of which none overlap: the host drops the later one without a word.
local function lanes_of(clips)
  local lanes, order = {}, {}
  table.sort(clips, function(one, other) return one.record_frame < other.record_frame end)
  for _, clip in ipairs(clips) do
    local name, number = clip.track, 1
    while lanes[name] and lanes[name].ends > clip.record_frame do
      number = number + 1
      name = clip.track .. " " .. number
    end
    if not lanes[name] then
      lanes[name] = { name = name, clips = {} }
      order[#order + 1] = lanes[name]
    end
    local lane = lanes[name]
    lane.clips[#lane.clips + 1] = clip
    lane.ends = clip.record_frame + clip.frames
  end
  table.sort(order, function(one, other) return one.name < other.name end)
  return order
end

local function pool_items(pool, result)
  local items = {}
  for _, clip in ipairs(result.clips) do
    if not items[clip.file] then
      local made = pool:ImportMedia({ clip.file })
      items[clip.file] = made and made[1] or fail("DaVinci Resolve did not import the sound " .. clip.file
        .. ": look whether it plays elsewhere, then choose AVM Import Last Job.")
    end
  end
  return items
end

local function append(pool, item, clip, index, start, last)
  local made = pool:AppendToTimeline({ {
    mediaPoolItem = item, startFrame = 0, endFrame = last, mediaType = 2, trackIndex = index,
    recordFrame = start + clip.record_frame,
  } })
  return made and made[1]
end

-- Whether the frame named last is played differs among versions: the first clip shows it.
local function lay(pool, timeline, item, clip, index, start, seen)
  local made = append(pool, item, clip, index, start, clip.frames - 1 + seen.more)
  if made and not seen.sure then
    seen.sure = true
    if made:GetDuration() == clip.frames - 1 and timeline:DeleteClips({ made }) then
      seen.more = 1
      made = append(pool, item, clip, index, start, clip.frames)
    end
  end
end

local function missing_in(timeline, index, lane, start)
  local there = {}
  for _, item in ipairs(timeline:GetItemListInTrack("audio", index) or {}) do
    there[item:GetStart()] = item:GetDuration()
  end
  local missing = {}
  for _, clip in ipairs(lane.clips) do
    local frames = there[start + clip.record_frame]
    -- A sound may end within its last frame, which the host then leaves out.
    if not frames or frames > clip.frames or frames < clip.frames - 1 then
      missing[#missing + 1] = clip.timecode .. " " .. clip.title
    end
  end
  return missing
end

local function new_track(timeline, name)
  local before = timeline:GetTrackCount("audio")
  timeline:AddTrack("audio", "stereo") -- mono where no kind is said
  local index = timeline:GetTrackCount("audio")
  if index ~= before + 1 then
    fail("DaVinci Resolve added no track to " .. timeline:GetName() .. ": unlock it, then choose AVM Import Last Job.")
  end
  timeline:SetTrackName("audio", index, name)
  return index
end

-- One marker a frame is all that the host takes, so cues that begin together share one.
local function mark(timeline, result)
  local told, order = {}, {}
  for _, clip in ipairs(result.clips) do
    local price = clip.price and (" (%s %s)"):format(clip.price, result.currency) or ""
    local at = clip.record_frame
    if not told[at] then
      told[at] = { title = clip.title, kind = clip.kind, notes = {} }
      order[#order + 1] = at
    end
    table.insert(told[at].notes, clip.title .. price)
  end
  local left = 0
  for _, at in ipairs(order) do
    local one = told[at]
    if not timeline:AddMarker(at, COLORS[one.kind] or "Blue", one.title, table.concat(one.notes, "\n"), 1, "avm") then
      left = left + 1
    end
  end
  if left > 0 then say(left .. " markers were left out: there is one already at their frame.") end
end

local function lay_into(project, timeline, result)
  local pool, start = project:GetMediaPool(), timeline:GetStartFrame()
  local items, seen, missing, quieter = pool_items(pool, result), { more = 0 }, {}, false
  project:SetCurrentTimeline(timeline) -- clips are appended to whichever is current
  for _, lane in ipairs(lanes_of(result.clips)) do
    local index = new_track(timeline, lane.name)
    for _, clip in ipairs(lane.clips) do
      lay(pool, timeline, items[clip.file], clip, index, start, seen)
      quieter = quieter or clip.gain_db ~= 0 or clip.fade_in_us ~= 0 or clip.fade_out_us ~= 0
    end
    for _, one in ipairs(missing_in(timeline, index, lane, start)) do missing[#missing + 1] = one end
  end
  mark(timeline, result)
  if quieter then
    say("DaVinci Resolve lets no script set gains and fades: they are in the new timeline of AVM Import Last Job.")
  end
  if #missing > 0 then
    fail(("%d of %d sounds did not come where they belong: %s. Take the new tracks away and choose AVM Import Last Job.")
      :format(#missing, #result.clips, table.concat(missing, "; ")))
  end
  say(("%s: %d sounds laid, %s %s."):format(timeline:GetName(), #result.clips, result.total_price, result.currency))
end

-- What the menu item does.

local function run()
  local host, project, timeline = current()
  local found = settings()
  local folder
  if task.last then
    local name = read(found.watch_folder .. "/" .. LAST)
      or fail("No job was begun from DaVinci Resolve yet in " .. found.watch_folder .. ": choose AVM Score.")
    folder = found.watch_folder .. "/" .. name:gsub("%s+$", "")
  else
    folder = leave_request(found, host, timeline)
  end
  local result = await(found, folder)
  for _, note in ipairs(result.notes or {}) do say(note) end
  check_media(result)
  if task.into == "current" then lay_into(project, timeline, result) else import_new(project, timeline, result) end
end

local ok, wrong = pcall(run)
if not ok then
  say("Error: " .. (type(wrong) == "table" and wrong.text
    or "a fault of this menu item: " .. tostring(wrong) .. ". Nothing is lost: choose AVM Import Last Job."))
end
