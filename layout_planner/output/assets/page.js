'use strict';
document.addEventListener('DOMContentLoaded', function () {
  const root = document.documentElement;
  document.getElementById('language').addEventListener('click', function () {
    root.dataset.lang = root.dataset.lang === 'zh' ? 'en' : 'zh';
    root.lang = root.dataset.lang === 'zh' ? 'zh-CN' : 'en';
  });
  document.getElementById('print').addEventListener('click', () => window.print());
});
