"""The sentences that improvised answers are made of, in both languages."""

# ruff: noqa: E501  a table of sentences, one a line

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mockglm.improvise.words import Language

__all__ = ["CODE", "COUNTED", "PHRASES", "RESULTS"]

Texts = Mapping[Language, Sequence[str]]

PHRASES: Mapping[str, Texts] = {
    "greeting": {
        "zh": (
            "你好！很高兴见到你，有什么可以帮你的吗？",
            "你好呀！我在这里，想聊点什么，或者需要我做点什么？",
            "您好！我是 GLM 的离线替身，随时可以开始。",
        ),
        "en": (
            "Hello! It's nice to meet you. What can I do for you?",
            "Hi there! How can I help you today?",
            "Hello! I'm the offline stand-in for GLM, ready when you are.",
        ),
    },
    "thanks": {
        "zh": ("不客气，能帮上忙就好！", "不用谢，有需要随时找我。"),
        "en": ("You're welcome, glad I could help!", "Any time. Let me know if there is more."),
    },
    "farewell": {
        "zh": ("再见，祝你今天顺利！", "回头见，随时欢迎再来。"),
        "en": ("Goodbye, and have a great day!", "See you later. Come back any time."),
    },
    "identity": {
        "zh": ("我是 mockglm，在本机离线扮演 {model}，回答都是示例内容。",),
        "en": ("I'm mockglm, playing {model} offline on your machine; my answers are samples.",),
    },
    "question": {
        "zh": (
            "关于“{topic}”，简单来说：关键是先弄清目标和条件，再从最直接的办法入手。（这是 mockglm 的示例回答。）",
            "这是个好问题。就“{topic}”而言，通常要看具体场景：先抓住要点，再补充细节。（mockglm 示例回答）",
            "说到“{topic}”，可以从背景、做法和注意事项三个方面来看，其中做法最值得先试一试。（mockglm 示例回答）",
        ),
        "en": (
            "On “{topic}”: in short, be clear about the goal and the constraints, then start with the"
            " most direct approach. (A sample answer from mockglm.)",
            "Good question. For “{topic}” it usually depends on the context: get the main point right"
            " first, then add detail. (Sample answer by mockglm.)",
            "As for “{topic}”, it helps to look at the background, the approach and the pitfalls, and"
            " to try the approach first. (Sample answer by mockglm.)",
        ),
    },
    "statement": {
        "zh": (
            "好的，“{topic}”我记下了。需要的话，我可以继续往下做。（mockglm 示例回答）",
            "明白了，你说的是“{topic}”。我们可以从最重要的一步开始。（mockglm 示例回答）",
            "收到：“{topic}”。接下来你希望我先处理哪一部分？（mockglm 示例回答）",
        ),
        "en": (
            "Got it: “{topic}”. I can take it from here if you like. (Sample answer by mockglm.)",
            "Understood, this is about “{topic}”. Let's begin with the most important step."
            " (Sample answer by mockglm.)",
            "All right: “{topic}”. Which part shall I look at first? (Sample answer by mockglm.)",
        ),
    },
    "seen": {
        "zh": ("这里是一段示例描述：主体清楚，细节完整。（mockglm 不会查看其中的内容。）",),
        "en": (
            "A sample description: the subject is clear and no detail is missing."
            " (mockglm does not look at what is in it.)",
        ),
    },
    "recalled": {
        "zh": ("你叫{topic}。", "你刚才说过，你叫{topic}。"),
        "en": ("Your name is {topic}.", "You told me: your name is {topic}."),
    },
    "silence": {
        "zh": ("我在，请说。", "请告诉我你需要什么。"),
        "en": ("I'm here, go ahead.", "Please tell me what you need."),
    },
    "translation": {
        "zh": ("译文：{topic}（示例译文，mockglm 不会真的翻译。）",),
        "en": ("Translation: {topic} (a sample; mockglm does not really translate.)",),
    },
    "joke": {
        "zh": ("程序员去买酱油，老板说：“买一送一。”程序员问：“那下标从几开始？”",),
        "en": ("Why do programmers mix up Halloween and Christmas? Because Oct 31 equals Dec 25.",),
    },
    "poem": {
        "zh": ("清风拂过{topic}，\n流水映着微光。\n一行代码未眠，\n等来满窗晨霜。",),
        "en": (
            "A quiet wind, a silver stream,\n{topic} drifts into a dream.\n"
            "One line of code is still awake\nand waits there for the day to break.",
        ),
    },
    "character": {
        "zh": (
            "（笑着看向你）{topic}？嗯……我刚才也在想这件事呢。你怎么看？",
            "（轻轻点头）我听着呢，“{topic}”，继续说吧。",
            "（眨了眨眼）你这么一说“{topic}”，我就来精神了！",
        ),
        "en": (
            "(smiles at you) {topic}? I was just thinking about that. What do you say?",
            "(nods) I'm listening. “{topic}”, go on.",
            "(winks) Now that you mention “{topic}”, you have all my attention!",
        ),
    },
    "calling": {
        "zh": ("好的，我来处理一下。", "我来帮你查一下。", "稍等，我这就去办。"),
        "en": ("Let me take care of that.", "Let me look into it.", "One moment, I'm on it."),
    },
    "searched": {
        "zh": (
            "根据搜索结果，“{topic}”的要点如下：相关介绍见[ref_1]，可以作为参考。（mockglm 示例回答）",
        ),
        "en": (
            "According to the search results, the essentials of “{topic}” are in [ref_1]."
            " (Sample answer by mockglm.)",
        ),
    },
    "essay": {
        "zh": (
            "# {topic}\n\n## 背景\n\n先说明“{topic}”为什么值得关注，以及它要解决的问题。\n\n"
            "## 要点\n\n- 明确目标与范围\n- 从小处着手，逐步完善\n- 及时检查结果\n\n"
            "## 小结\n\n把握要点，循序渐进即可。（mockglm 示例内容）",
        ),
        "en": (
            "# {topic}\n\n## Background\n\nWhy “{topic}” matters, and which problem it solves.\n\n"
            "## Key points\n\n- Be clear about goal and scope\n- Start small and improve step by step\n"
            "- Check the results early\n\n"
            "## Summary\n\nKeep to the key points and go step by step. (Sample text by mockglm.)",
        ),
    },
    "table": {
        "zh": (
            "| 项目 | 说明 | 备注 |\n| --- | --- | --- |\n| {topic} | 示例内容 | 由 mockglm 生成 |\n"
            "| 方案一 | 简单直接 | 适合起步 |\n| 方案二 | 功能完整 | 适合长期 |",
        ),
        "en": (
            "| Item | Description | Note |\n| --- | --- | --- |\n| {topic} | Sample | By mockglm |\n"
            "| Option A | Simple and direct | To begin with |\n"
            "| Option B | Complete | For the long run |",
        ),
    },
    "points": {
        "zh": (
            "明确目标",
            "收集信息",
            "拆分步骤",
            "动手尝试",
            "检查结果",
            "总结经验",
            "分享给同伴",
            "持续改进",
        ),
        "en": (
            "Be clear about the goal",
            "Gather what is known",
            "Split it into steps",
            "Try it out",
            "Check the results",
            "Note what was learned",
            "Share it with others",
            "Keep improving",
        ),
    },
    "listing": {
        "zh": ("关于“{topic}”，示例如下：",),
        "en": ("On “{topic}”, for example:",),
    },
    "coding": {
        "zh": ("下面是一段示例代码：",),
        "en": ("Here is a piece of sample code:",),
    },
    "ending": {
        "zh": ("（由 mockglm 生成的示例，可按需要修改。）",),
        "en": ("(A sample made by mockglm; change it as you need.)",),
    },
}

RESULTS: Mapping[str, Texts] = {
    "one": {
        "zh": ("根据查询结果：{result}", "查到了：{result}", "结果是：{result}"),
        "en": (
            "Here is what I found: {result}",
            "According to the result: {result}",
            "The result is: {result}",
        ),
    },
    "several": {
        "zh": ("结果如下：", "都查到了："),
        "en": ("Here are the results:", "This is what I found:"),
    },
    "mixed": {
        "zh": ("结果如下：",),
        "en": ("Here are the results:",),
    },
    "none": {
        "zh": ("工具都返回了错误：",),
        "en": ("All of the tools reported an error:",),
    },
    "failed": {
        "zh": ("工具返回了一个错误：{result}",),
        "en": ("The tool reported an error: {result}",),
    },
    "empty": {
        "zh": ("已经完成，工具没有返回内容。",),
        "en": ("Done; the tool returned nothing.",),
    },
}

COUNTED: Mapping[str, Mapping[Language, str]] = {
    "image": {"zh": "{count} 张图片", "en": "{count} image{s}"},
    "video": {"zh": "{count} 段视频", "en": "{count} video{s}"},
    "file": {"zh": "{count} 个文件", "en": "{count} file{s}"},
    "audio": {"zh": "{count} 段音频", "en": "{count} audio clip{s}"},
}

CODE: Mapping[str, str] = {
    "python": 'def {name}(text: str) -> str:\n    return f"Hello, {{text}}!"\n\n\n'
    'print({name}("mockglm"))',
    "javascript": "function {name}(text) {{\n  return `Hello, ${{text}}!`;\n}}\n\n"
    'console.log({name}("mockglm"));',
    "typescript": "function {name}(text: string): string {{\n  return `Hello, ${{text}}!`;\n}}\n\n"
    'console.log({name}("mockglm"));',
    "java": "class Example {{\n    static String {name}(String text) {{\n"
    '        return "Hello, " + text + "!";\n    }}\n}}',
    "go": 'package main\n\nimport "fmt"\n\nfunc {name}(text string) string {{\n'
    '\treturn "Hello, " + text + "!"\n}}\n\nfunc main() {{\n\tfmt.Println({name}("mockglm"))\n}}',
    "rust": 'fn {name}(text: &str) -> String {{\n    format!("Hello, {{text}}!")\n}}\n\n'
    'fn main() {{\n    println!("{{}}", {name}("mockglm"));\n}}',
    "sql": "SELECT id, name\nFROM {name}\nWHERE status = 'open'\nORDER BY id\nLIMIT 10;",
    "bash": '{name}() {{\n  echo "Hello, $1!"\n}}\n\n{name} mockglm',
    "html": "<!doctype html>\n<title>{name}</title>\n<p>Hello, mockglm!</p>",
}
