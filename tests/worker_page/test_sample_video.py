"""The sample clips are videos that a browser plays, though no video library made them."""

from typing import Any

from terrace_local.samples import make_sample

PLAY = """async () => {
  const video = document.querySelector("video");
  const end = await new Promise((resolve) => {
    video.onended = () => resolve("ended");
    video.onerror = () => resolve(`error ${video.error.code}: ${video.error.message}`);
    video.play();
  });
  const frames = video.getVideoPlaybackQuality().totalVideoFrames;
  return [end, video.videoWidth, video.videoHeight, video.duration, frames];
}"""


def test_a_clip_plays_to_its_end_with_all_of_its_frames(chromium: Any) -> None:
    clip = make_sample("VideoMultiClass", "s3://in-bucket/x/", items=1).files["clips/clip1.webm"]
    page = chromium.new_page()
    page.route(
        "**/*",
        lambda route: route.fulfill(
            body=clip if route.request.url.endswith(".webm") else "<video src='a.webm' muted>",
            content_type="video/webm" if route.request.url.endswith(".webm") else "text/html",
        ),
    )
    page.goto("http://terrace.test/")

    assert page.evaluate(PLAY) == ["ended", 320, 180, 2, 10]

    page.close()
