// A photo from the camera: phones have an app for it, elsewhere there is a dialog.

const ours = Boolean(navigator.mediaDevices?.getUserMedia); // not on plain http elsewhere

export function camera({ dialog, button, phone, onPhoto, onError }) {
  const touch = matchMedia("(pointer: coarse)").matches;
  phone.hidden = !touch;
  button.hidden = touch || !ours;
  const video = dialog.querySelector("video");

  let asking = false;
  button.addEventListener("click", async () => {
    if (asking) return; // of two streams the first would stay on
    asking = true;
    try {
      const wish = { width: { ideal: 4096 }, facingMode: "environment" };
      video.srcObject = await navigator.mediaDevices.getUserMedia({ video: wish });
    } catch (error) {
      onError(`the camera cannot be used: ${error.message || error.name}`);
      return;
    } finally {
      asking = false;
    }
    dialog.showModal();
  });

  dialog.querySelector("[value=cancel]").addEventListener("click", () => dialog.close());
  dialog.querySelector("[value=take]").addEventListener("click", () => {
    if (!video.videoWidth) return; // it has not started yet
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [video.videoWidth, video.videoHeight];
    canvas.getContext("2d").drawImage(video, 0, 0);
    const taken = (blob) => onPhoto(new File([blob], "camera.jpg", { type: blob.type }));
    canvas.toBlob(taken, "image/jpeg", 0.95);
    dialog.close();
  });
  dialog.addEventListener("close", () => {
    video.srcObject?.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  });
}
